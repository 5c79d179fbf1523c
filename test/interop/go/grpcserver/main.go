// Command grpcserver is a grpc-go server behind peer TLS: it answers every call with the bytes that it was started with, until its input ends.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"flag"
	"io"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"petal.invalid/interop/identity"
	"petal.invalid/interop/lines"
)

func main() {
	seed := flag.String("seed", "", "seed of the Ed448 identity, 114 hex digits")
	fault := flag.String("fault", "", "what is wrong with the certificate")
	reply := flag.String("reply", "", "file of the message that answers every call")
	flag.Parse()
	if err := run(*seed, *fault, *reply); err != nil {
		log.Fatal(err)
	}
}

func run(hexSeed, fault, reply string) error {
	seed, err := hex.DecodeString(hexSeed)
	if err != nil {
		return err
	}
	answer, err := os.ReadFile(reply)
	if err != nil {
		return err
	}
	certificate, err := identity.Certificate(seed, fault)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	out := lines.New(os.Stdout)
	server := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(peerTLS(certificate, out))),
		grpc.ForceServerCodecV2(rawCodec{}),
		grpc.UnknownServiceHandler(answerAll(answer, out)),
	)
	out.Write(map[string]any{"event": "ready", "port": listener.Addr().(*net.TCPAddr).Port})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		server.Stop()
	}()
	return server.Serve(listener)
}

// peerTLS judges clients by spec 51 section 1; TLS itself has checked that they hold the key of their certificate.
func peerTLS(certificate tls.Certificate, out *lines.Writer) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{certificate},
		MinVersion:   tls.VersionTLS13,
		ClientAuth:   tls.RequireAnyClientCert,
		NextProtos:   []string{"h2"},
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			id, err := identity.Verify(raw[0])
			if err != nil {
				out.Write(map[string]any{"event": "refused", "reason": err.Error()})
				return err
			}
			out.Write(map[string]any{"event": "client", "peer": id})
			return nil
		},
	}
}

func answerAll(answer []byte, out *lines.Writer) grpc.StreamHandler {
	return func(_ any, stream grpc.ServerStream) error {
		var request []byte
		if err := stream.RecvMsg(&request); err != nil {
			return err
		}
		method, _ := grpc.MethodFromServerStream(stream)
		out.Write(map[string]any{"event": "call", "method": method, "request": hex.EncodeToString(request)})
		return stream.SendMsg(&answer)
	}
}

// rawCodec leaves messages as they are.
type rawCodec struct{}

var _ encoding.CodecV2 = rawCodec{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}
