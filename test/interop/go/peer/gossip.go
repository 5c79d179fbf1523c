package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"petal.invalid/interop/lines"
)

// longestFrame is that of the nodes that take the least (spec 50 section 5).
const longestFrame = 16 << 20

// gossip speaks BlossomSub frames on bare streams: it has no mesh and no memory, it says what comes and sends what it is told.
type gossip struct {
	host     host.Host
	key      crypto.PrivKey
	protocol protocol.ID
	out      *lines.Writer
	seqno    atomic.Uint64

	mutex   sync.Mutex
	streams map[corepeer.ID]network.Stream
}

func startGossip(h host.Host, key crypto.PrivKey, id protocol.ID, out *lines.Writer) *gossip {
	g := &gossip{host: h, key: key, protocol: id, out: out, streams: map[corepeer.ID]network.Stream{}}
	g.seqno.Store(uint64(time.Now().UnixNano()))
	h.SetStreamHandler(id, g.read)
	return g
}

// read tells of each frame of the stream that the peer opened.
func (g *gossip) read(s network.Stream) {
	peer := s.Conn().RemotePeer().String()
	in := bufio.NewReader(s)
	for {
		length, err := binary.ReadUvarint(in)
		if err == nil && length > longestFrame {
			err = fmt.Errorf("a frame of %d bytes", length)
		}
		frame := make([]byte, min(length, longestFrame))
		if err == nil {
			_, err = io.ReadFull(in, frame)
		}
		var r rpc
		if err == nil {
			r, err = readRPC(frame)
		}
		if err != nil {
			_ = s.Reset()
			g.out.Write(map[string]any{"event": "gossipEnd", "peer": peer, "reason": err.Error()})
			return
		}
		g.out.Write(map[string]any{"event": "gossip", "peer": peer, "rpc": r.report()})
	}
}

// open is our stream to a peer, with the hello: all subscriptions in one RPC.
func (g *gossip) open(ctx context.Context, args struct {
	Peer     corepeer.ID `json:"peer"`
	Bitmasks []string    `json:"bitmasks"`
}) (any, error) {
	hello := rpc{}
	for _, text := range args.Bitmasks {
		bitmask, err := hex.DecodeString(text)
		if err != nil {
			return nil, err
		}
		hello.subscriptions = append(hello.subscriptions, subscription{subscribe: true, bitmask: bitmask})
	}
	s, err := g.host.NewStream(ctx, args.Peer, g.protocol)
	if err != nil {
		return nil, err
	}
	g.mutex.Lock()
	g.streams[args.Peer] = s
	g.mutex.Unlock()
	go g.watch(s)
	return nil, write(s, hello.encode())
}

// watch tells when the peer ends our stream, on which it never writes.
func (g *gossip) watch(s network.Stream) {
	_, err := s.Read(make([]byte, 1))
	reason := "the peer wrote on our stream"
	if err != nil {
		reason = err.Error()
	}
	g.out.Write(map[string]any{"event": "gossipClosed", "peer": s.Conn().RemotePeer().String(), "reason": reason})
}

// sendArgs: fault is how the message is spoilt after it was signed: "", "signature", "unsigned", "data" or "foreignKey".
type sendArgs struct {
	Peer    corepeer.ID `json:"peer"`
	Bitmask string      `json:"bitmask"`
	Data    string      `json:"data"`
	Fault   string      `json:"fault"`
}

// send signs a message with the host key and sends it to one peer.
func (g *gossip) send(_ context.Context, args sendArgs) (any, error) {
	s, err := g.streamTo(args.Peer)
	if err != nil {
		return nil, err
	}
	m, err := g.sign(args)
	if err == nil {
		err = spoil(&m, args.Fault)
	}
	if err != nil {
		return nil, err
	}
	return nil, write(s, (&rpc{messages: []message{m}}).encode())
}

// want asks for messages by their ids.
func (g *gossip) want(_ context.Context, args struct {
	Peer corepeer.ID `json:"peer"`
	Ids  []string    `json:"ids"`
}) (any, error) {
	s, err := g.streamTo(args.Peer)
	if err != nil {
		return nil, err
	}
	var r rpc
	for _, text := range args.Ids {
		id, err := hex.DecodeString(text)
		if err != nil {
			return nil, err
		}
		r.wants = append(r.wants, id)
	}
	return nil, write(s, r.encode())
}

// raw writes bytes that may be no frame.
func (g *gossip) raw(_ context.Context, args struct {
	Peer corepeer.ID `json:"peer"`
	Hex  string      `json:"hex"`
}) (any, error) {
	s, err := g.streamTo(args.Peer)
	if err != nil {
		return nil, err
	}
	bytes, err := hex.DecodeString(args.Hex)
	if err == nil {
		_, err = s.Write(bytes)
	}
	return nil, err
}

func (g *gossip) streamTo(peer corepeer.ID) (network.Stream, error) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if s := g.streams[peer]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("no stream to %s", peer)
}

func (g *gossip) sign(args sendArgs) (message, error) {
	var m message
	var err error
	if m.bitmask, err = hex.DecodeString(args.Bitmask); err != nil {
		return m, err
	}
	if m.data, err = hex.DecodeString(args.Data); err != nil {
		return m, err
	}
	if m.key, err = crypto.MarshalPublicKey(g.key.GetPublic()); err != nil {
		return m, err
	}
	m.from = []byte(g.host.ID())
	m.seqno = binary.BigEndian.AppendUint64(nil, g.seqno.Add(1))
	m.signature, err = g.key.Sign(m.signed())
	return m, err
}

func spoil(m *message, fault string) error {
	switch fault {
	case "":
	case "signature":
		m.signature[0] ^= 1
	case "data":
		m.data = append(m.data, 0)
	case "unsigned":
		m.signature, m.key = nil, nil
	case "foreignKey":
		other, err := generateEd448Key()
		if err != nil {
			return err
		}
		if m.key, err = crypto.MarshalPublicKey(other.GetPublic()); err != nil {
			return err
		}
		m.signature, err = other.Sign(m.signed())
		return err
	default:
		return fmt.Errorf("unknown fault %q", fault)
	}
	return nil
}

func write(s network.Stream, frame []byte) error {
	_, err := s.Write(append(binary.AppendUvarint(nil, uint64(len(frame))), frame...))
	return err
}
