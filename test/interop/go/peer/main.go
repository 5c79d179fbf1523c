// Command peer is a go-libp2p host that does what it is told by JSON lines: the stock peer that Petal is tried against.
package main

import (
	"flag"
	"log"
	"os"

	"github.com/libp2p/go-libp2p/core/crypto"
	"petal.invalid/interop/lines"
)

type options struct {
	key       string
	taught    bool
	transport string
	kad       string
	gossip    string
}

func main() {
	var o options
	flag.StringVar(&o.key, "key", "ed25519", "kind of the host key: ed25519 or ed448")
	flag.BoolVar(&o.taught, "taught", false, "know keys of type 4 (always with -key ed448)")
	flag.StringVar(&o.transport, "transport", "tcp", "tcp, quic, websocket, webtransport or webrtc-direct")
	flag.StringVar(&o.kad, "kad", "/testnet/kad/1.0.0", "protocol id of Kademlia")
	flag.StringVar(&o.gossip, "gossip", "/blossomsub/2.1.0-network-99", "protocol id of gossip")
	flag.Parse()
	if err := run(o); err != nil {
		log.Fatal(err)
	}
}

func run(o options) error {
	key, err := hostKey(&o)
	if err != nil {
		return err
	}
	out := lines.New(os.Stdout)
	p, err := startPeer(o, key, out)
	if err != nil {
		return err
	}
	defer p.host.Close()
	out.Write(p.ready())
	return out.Serve(os.Stdin, p.commands())
}

func hostKey(o *options) (crypto.PrivKey, error) {
	if o.key == "ed448" {
		o.taught = true
	}
	if o.taught {
		teachEd448()
	}
	if o.key == "ed448" {
		return generateEd448Key()
	}
	key, _, err := crypto.GenerateKeyPair(crypto.Ed25519, 0)
	return key, err
}
