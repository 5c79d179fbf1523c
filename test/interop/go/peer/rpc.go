package main

import (
	"bytes"
	"encoding/hex"
	"errors"

	"github.com/libp2p/go-libp2p/core/crypto"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"google.golang.org/protobuf/encoding/protowire"
)

// The messages of spec 50 section 5, as far as they are spoken here.
type rpc struct {
	subscriptions []subscription
	messages      []message
	grafts        [][]byte
	wants         [][]byte
}

type subscription struct {
	subscribe bool
	bitmask   []byte
}

type message struct{ from, data, seqno, bitmask, signature, key []byte }

// fields of a message by their numbers, from 1.
func (m *message) fields() []*[]byte {
	return []*[]byte{&m.from, &m.data, &m.seqno, &m.bitmask, &m.signature, &m.key}
}

func (m *message) encode(count int) []byte {
	var all []byte
	for i, field := range m.fields()[:count] {
		if len(*field) > 0 {
			all = appendBytes(all, protowire.Number(i+1), *field)
		}
	}
	return all
}

// signed is what the author signs: neither signature nor key.
func (m *message) signed() []byte {
	return append([]byte("libp2p-pubsub:"), m.encode(4)...)
}

// verdict is empty for a message whose key is its author's and whose signature holds.
func (m *message) verdict() string {
	key, err := crypto.UnmarshalPublicKey(m.key)
	if err != nil {
		return "key: " + err.Error()
	}
	author, err := corepeer.IDFromPublicKey(key)
	if err != nil || !bytes.Equal([]byte(author), m.from) {
		return "the key is not the author's"
	}
	if valid, err := key.Verify(m.signed(), m.signature); err != nil || !valid {
		return "the signature does not hold"
	}
	return ""
}

func (r *rpc) encode() []byte {
	var all []byte
	for _, s := range r.subscriptions {
		one := protowire.AppendTag(nil, 1, protowire.VarintType)
		one = protowire.AppendVarint(one, protowire.EncodeBool(s.subscribe))
		all = appendBytes(all, 1, appendBytes(one, 2, s.bitmask))
	}
	for _, m := range r.messages {
		all = appendBytes(all, 2, m.encode(6))
	}
	if len(r.wants) > 0 {
		var ids []byte
		for _, id := range r.wants {
			ids = appendBytes(ids, 1, id)
		}
		all = appendBytes(all, 3, appendBytes(nil, 2, ids))
	}
	return all
}

func appendBytes(to []byte, number protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, number, protowire.BytesType), content)
}

// each calls back for the fields of a message; varints come as their number.
func each(from []byte, take func(number protowire.Number, content []byte, varint uint64) error) error {
	for len(from) > 0 {
		number, kind, n := protowire.ConsumeTag(from)
		if n < 0 {
			return protowire.ParseError(n)
		}
		from = from[n:]
		var content []byte
		var varint uint64
		switch kind {
		case protowire.BytesType:
			content, n = protowire.ConsumeBytes(from)
		case protowire.VarintType:
			varint, n = protowire.ConsumeVarint(from)
		default:
			return errors.New("a field of a kind that the protocol has not")
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		from = from[n:]
		if err := take(number, content, varint); err != nil {
			return err
		}
	}
	return nil
}

func readRPC(frame []byte) (rpc, error) {
	var r rpc
	err := each(frame, func(number protowire.Number, content []byte, _ uint64) error {
		switch number {
		case 1:
			var s subscription
			r.subscriptions = append(r.subscriptions, s)
			last := &r.subscriptions[len(r.subscriptions)-1]
			return each(content, func(number protowire.Number, bitmask []byte, subscribe uint64) error {
				if number == 1 {
					last.subscribe = subscribe != 0
				} else {
					last.bitmask = bitmask
				}
				return nil
			})
		case 2:
			var m message
			err := each(content, func(number protowire.Number, content []byte, _ uint64) error {
				if fields := m.fields(); number >= 1 && int(number) <= len(fields) {
					*fields[number-1] = content
				}
				return nil
			})
			r.messages = append(r.messages, m)
			return err
		case 3:
			return each(content, r.control)
		}
		return nil
	})
	return r, err
}

func (r *rpc) control(number protowire.Number, content []byte, _ uint64) error {
	if number != 3 {
		return nil
	}
	return each(content, func(_ protowire.Number, bitmask []byte, _ uint64) error {
		r.grafts = append(r.grafts, bitmask)
		return nil
	})
}

// report is the RPC as JSON; bytes are hex.
func (r *rpc) report() any {
	subscriptions, messages, grafts := []any{}, []any{}, []string{}
	for _, s := range r.subscriptions {
		subscriptions = append(subscriptions, map[string]any{"subscribe": s.subscribe, "bitmask": hex.EncodeToString(s.bitmask)})
	}
	for _, m := range r.messages {
		messages = append(messages, map[string]any{
			"from": corepeer.ID(m.from).String(), "data": hex.EncodeToString(m.data), "bitmask": hex.EncodeToString(m.bitmask),
			"bytes": hex.EncodeToString(m.encode(6)), "signatureBytes": len(m.signature), "fault": m.verdict(),
		})
	}
	for _, bitmask := range r.grafts {
		grafts = append(grafts, hex.EncodeToString(bitmask))
	}
	return map[string]any{"subscriptions": subscriptions, "messages": messages, "grafts": grafts}
}
