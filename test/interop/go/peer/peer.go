package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	webrtc "github.com/libp2p/go-libp2p/p2p/transport/webrtc"
	"github.com/libp2p/go-libp2p/p2p/transport/websocket"
	webtransport "github.com/libp2p/go-libp2p/p2p/transport/webtransport"
	ma "github.com/multiformats/go-multiaddr"
	"petal.invalid/interop/lines"
)

const (
	echoProtocol = protocol.ID("/petal/interop/echo/1.0.0")
	longestEcho  = 16 << 20
	// go-libp2p itself says nothing here.
	protocolVersion = "petal-interop/1.0.0"
)

type peer struct {
	host   host.Host
	dht    *dht.IpfsDHT
	gossip *gossip
	out    *lines.Writer

	mutex      sync.Mutex
	identified map[corepeer.ID]event.EvtPeerIdentificationCompleted
	refused    map[corepeer.ID]error
}

// startPeer listens on loopback.
func startPeer(o options, key crypto.PrivKey, out *lines.Writer) (*peer, error) {
	transport, err := transportOptions(o.transport)
	if err != nil {
		return nil, err
	}
	h, err := libp2p.New(append(transport, libp2p.Identity(key),
		libp2p.ProtocolVersion(protocolVersion), libp2p.DisableRelay(), libp2p.DisableMetrics())...)
	if err != nil {
		return nil, err
	}
	p := &peer{
		host: h, out: out,
		identified: map[corepeer.ID]event.EvtPeerIdentificationCompleted{},
		refused:    map[corepeer.ID]error{},
	}
	if err := p.watch(); err != nil {
		return nil, err
	}
	p.dht, err = dht.New(h,
		dht.Mode(dht.ModeServer), dht.V1ProtocolOverride(protocol.ID(o.kad)), dht.DisableAutoRefresh())
	if err != nil {
		return nil, err
	}
	h.SetStreamHandler(echoProtocol, echo)
	p.gossip = startGossip(h, key, protocol.ID(o.gossip), out)
	return p, nil
}

// transportOptions: one transport, and on TCP the one pair of security and muxer that spec 50 section 2 asks for, so nothing else can be agreed on.
func transportOptions(name string) ([]libp2p.Option, error) {
	noiseAndYamux := libp2p.ChainOptions(libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, yamux.DefaultTransport))
	options := map[string][]libp2p.Option{
		"tcp":       {listenOn("tcp/0"), libp2p.Transport(tcp.NewTCPTransport), noiseAndYamux},
		"quic":      {listenOn("udp/0/quic-v1"), libp2p.Transport(quic.NewTransport)},
		"websocket": {listenOn("tcp/0/ws"), libp2p.Transport(websocket.New), noiseAndYamux},
		// What browsers have, too.
		"webtransport":  {listenOn("udp/0/quic-v1/webtransport"), libp2p.Transport(webtransport.New)},
		"webrtc-direct": {listenOn("udp/0/webrtc-direct"), libp2p.Transport(webrtc.New)},
	}[name]
	if options == nil {
		return nil, fmt.Errorf("unknown transport %q", name)
	}
	return options, nil
}

func listenOn(address string) libp2p.Option {
	return libp2p.ListenAddrStrings("/ip4/127.0.0.1/" + address)
}

// watch keeps what identify finds out, and tells of connections.
func (p *peer) watch() error {
	events, err := p.host.EventBus().Subscribe([]any{
		new(event.EvtPeerIdentificationCompleted), new(event.EvtPeerIdentificationFailed), new(event.EvtPeerConnectednessChanged),
	})
	if err != nil {
		return err
	}
	go func() {
		for each := range events.Out() {
			switch e := each.(type) {
			case event.EvtPeerIdentificationCompleted:
				p.note(func() { p.identified[e.Peer] = e })
			case event.EvtPeerIdentificationFailed:
				p.note(func() { p.refused[e.Peer] = e.Reason })
			case event.EvtPeerConnectednessChanged:
				p.out.Write(map[string]any{
					"event": "connectedness", "peer": e.Peer.String(), "connected": e.Connectedness == network.Connected,
				})
			}
		}
	}()
	return nil
}

func (p *peer) note(change func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	change()
}

func (p *peer) ready() any {
	id := p.host.ID()
	addresses := []string{}
	for _, address := range p.host.Network().ListenAddresses() {
		addresses = append(addresses, address.String()+"/p2p/"+id.String())
	}
	return map[string]any{"event": "ready", "peer": id.String(), "addresses": addresses}
}

type addressArgs struct {
	Address string `json:"address"`
}

type peerArgs struct {
	Peer corepeer.ID `json:"peer"`
}

type cidArgs struct {
	Cid string `json:"cid"`
}

type echoArgs struct {
	Peer corepeer.ID `json:"peer"`
	Hex  string      `json:"hex"`
}

func (p *peer) commands() map[string]lines.Command {
	return map[string]lines.Command{
		"dial":          lines.With(p.dial),
		"link":          lines.With(p.link),
		"identified":    lines.With(p.identifiedPeer),
		"ping":          lines.With(p.ping),
		"echo":          lines.With(p.echo),
		"hangUp":        lines.With(p.hangUp),
		"routingTable":  lines.With(p.routingTable),
		"provide":       lines.With(p.provide),
		"findProviders": lines.With(p.findProviders),
		"gossipOpen":    lines.With(p.gossip.open),
		"gossipSend":    lines.With(p.gossip.send),
		"gossipWant":    lines.With(p.gossip.want),
		"gossipRaw":     lines.With(p.gossip.raw),
	}
}

// dial resolves when the peer was identified too: go-libp2p waits for it.
func (p *peer) dial(ctx context.Context, args addressArgs) (any, error) {
	info, err := corepeer.AddrInfoFromString(args.Address)
	if err != nil {
		return nil, err
	}
	if err := p.host.Connect(ctx, *info); err != nil {
		return nil, err
	}
	return p.link(ctx, peerArgs{info.ID})
}

// link tells what was agreed on with a connected peer.
func (p *peer) link(_ context.Context, args peerArgs) (any, error) {
	connections := p.host.Network().ConnsToPeer(args.Peer)
	if len(connections) == 0 {
		return nil, fmt.Errorf("not connected to %s", args.Peer)
	}
	c := connections[0]
	state := c.ConnState()
	return map[string]any{
		"peer":      c.RemotePeer().String(),
		"direction": strings.ToLower(c.Stat().Direction.String()),
		"security":  string(state.Security),
		"muxer":     string(state.StreamMultiplexer),
		"address":   c.RemoteMultiaddr().String(),
	}, nil
}

// identifiedPeer waits for what identify finds out about a peer.
func (p *peer) identifiedPeer(ctx context.Context, args peerArgs) (any, error) {
	for {
		var found *event.EvtPeerIdentificationCompleted
		var refusal error
		p.note(func() {
			if e, ok := p.identified[args.Peer]; ok {
				found = &e
			}
			refusal = p.refused[args.Peer]
		})
		if found != nil {
			return identity(p.host, *found)
		}
		if refusal != nil {
			return nil, refusal
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func identity(h host.Host, e event.EvtPeerIdentificationCompleted) (any, error) {
	key := h.Peerstore().PubKey(e.Peer)
	if key == nil {
		return nil, fmt.Errorf("no key of %s is known", e.Peer)
	}
	record, err := crypto.MarshalPublicKey(key)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"protocolVersion": e.ProtocolVersion,
		"agentVersion":    e.AgentVersion,
		"protocols":       protocol.ConvertToStrings(e.Protocols),
		"listenAddresses": texts(e.ListenAddrs),
		"signedRecord":    e.SignedPeerRecord != nil,
		"keyType":         int32(key.Type()),
		"key":             hex.EncodeToString(record),
	}, nil
}

func texts(addresses []ma.Multiaddr) []string {
	all := []string{}
	for _, address := range addresses {
		all = append(all, address.String())
	}
	return all
}

func (p *peer) ping(ctx context.Context, args peerArgs) (any, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	select {
	case result := <-ping.Ping(ctx, p.host, args.Peer):
		if result.Error != nil {
			return nil, result.Error
		}
		return map[string]any{"millis": float64(result.RTT.Microseconds()) / 1000}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func echo(s network.Stream) {
	defer s.Close()
	if _, err := io.Copy(s, io.LimitReader(s, longestEcho)); err != nil {
		_ = s.Reset()
	}
}

// echo writes while it reads: neither side has to hold everything.
func (p *peer) echo(ctx context.Context, args echoArgs) (any, error) {
	sent, err := hex.DecodeString(args.Hex)
	if err != nil {
		return nil, err
	}
	s, err := p.host.NewStream(ctx, args.Peer, echoProtocol)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	written := make(chan error, 1)
	go func() {
		_, err := s.Write(sent)
		if err == nil {
			err = s.CloseWrite()
		}
		written <- err
	}()
	received, err := io.ReadAll(io.LimitReader(s, longestEcho))
	if err != nil {
		return nil, err
	}
	return map[string]any{"hex": hex.EncodeToString(received)}, <-written
}

func (p *peer) hangUp(_ context.Context, args peerArgs) (any, error) {
	return nil, p.host.Network().ClosePeer(args.Peer)
}

func (p *peer) routingTable(context.Context, struct{}) (any, error) {
	peers := []string{}
	for _, id := range p.dht.RoutingTable().ListPeers() {
		peers = append(peers, id.String())
	}
	return map[string]any{"peers": peers}, nil
}

func (p *peer) provide(ctx context.Context, args cidArgs) (any, error) {
	key, err := cid.Decode(args.Cid)
	if err != nil {
		return nil, err
	}
	return nil, p.dht.Provide(ctx, key, true)
}

func (p *peer) findProviders(ctx context.Context, args cidArgs) (any, error) {
	key, err := cid.Decode(args.Cid)
	if err != nil {
		return nil, err
	}
	providers := []any{}
	for info := range p.dht.FindProvidersAsync(ctx, key, 0) {
		providers = append(providers, map[string]any{"peer": info.ID.String(), "addresses": texts(info.Addrs)})
	}
	return map[string]any{"providers": providers}, ctx.Err()
}
