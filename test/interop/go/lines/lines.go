// Package lines is how the programs here are told what to do: requests and answers are JSON, a line each.
package lines

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"sync"
	"time"
)

// A request is one line on standard input; its answer carries the same id, in any order.
type request struct {
	ID   int             `json:"id"`
	Do   string          `json:"do"`
	Args json.RawMessage `json:"args"`
}

type answer struct {
	ID     int    `json:"id"`
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

// A Command does one request; it gives up when the context ends.
type Command func(ctx context.Context, args json.RawMessage) (any, error)

const (
	longestLine = 32 << 20
	// commandTime is longer than any test waits.
	commandTime = 60 * time.Second
)

// Writer writes whole lines from any goroutine.
type Writer struct {
	mutex   sync.Mutex
	encoder *json.Encoder
}

// New writes to out.
func New(out io.Writer) *Writer {
	return &Writer{encoder: json.NewEncoder(out)}
}

// Write writes a value as a line.
func (l *Writer) Write(value any) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	// When nobody reads any more, standard input has ended too.
	_ = l.encoder.Encode(value)
}

// Serve runs commands side by side until the input ends, so a peer never outlives the test that started it.
func (l *Writer) Serve(in io.Reader, commands map[string]Command) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, longestLine)
	for scanner.Scan() {
		var r request
		if err := json.Unmarshal(scanner.Bytes(), &r); err != nil {
			return err
		}
		go l.run(r, commands)
	}
	return scanner.Err()
}

func (l *Writer) run(r request, commands map[string]Command) {
	do, ok := commands[r.Do]
	if !ok {
		l.Write(answer{ID: r.ID, Error: "unknown command " + r.Do})
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	result, err := do(ctx, r.Args)
	if err != nil {
		l.Write(answer{ID: r.ID, Error: err.Error()})
		return
	}
	l.Write(answer{ID: r.ID, Result: result})
}

// With parses the arguments of a command.
func With[A any](do func(ctx context.Context, args A) (any, error)) Command {
	return func(ctx context.Context, raw json.RawMessage) (any, error) {
		var args A
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &args); err != nil {
				return nil, err
			}
		}
		return do(ctx, args)
	}
}
