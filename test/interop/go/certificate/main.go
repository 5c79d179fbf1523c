// Command certificate writes certificate.pem and key.pem of an identity, for grpcurl, and prints its peer id.
package main

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/cloudflare/circl/sign/ed448"
	"petal.invalid/interop/identity"
)

func main() {
	seed := flag.String("seed", "", "seed of the Ed448 identity, 114 hex digits")
	fault := flag.String("fault", "", "what is wrong with the certificate")
	out := flag.String("out", "", "directory to write to")
	flag.Parse()
	if err := run(*seed, *fault, *out); err != nil {
		log.Fatal(err)
	}
}

func run(hexSeed, fault, out string) error {
	seed, err := hex.DecodeString(hexSeed)
	if err != nil {
		return err
	}
	certificate, err := identity.Certificate(seed, fault)
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(out, "certificate.pem"), "CERTIFICATE", certificate.Certificate[0]); err != nil {
		return err
	}
	if err := write(filepath.Join(out, "key.pem"), "PRIVATE KEY", key); err != nil {
		return err
	}
	fmt.Println(identity.ID(ed448.PublicKey(ed448.NewKeyFromSeed(seed)[ed448.SeedSize:])))
	return nil
}

func write(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
