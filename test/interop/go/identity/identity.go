// Package identity is peer TLS of spec 51 section 1, written from that page: certificates of Ed448 identities, and what makes one valid.
package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/mr-tron/base58"
)

const domain = "tls-cert-derivation"

// Faults that a certificate can be made with.
const (
	// ForeignName: the name of another identity, whose signature is over another certificate key.
	ForeignName = "foreignName"
	// NoSignature: the right key, and zeros for its signature.
	NoSignature = "noSignature"
)

// ID is the peer id of an Ed448 public key, as text.
func ID(public ed448.PublicKey) string {
	digest := sha256.Sum256(append([]byte{0x08, 0x04, 0x12, 0x39}, public...))
	return base58.Encode(append([]byte{0x12, 0x20}, digest[:]...))
}

// Certificate is a new one of the identity with this seed of 57 bytes.
func Certificate(seed []byte, fault string) (tls.Certificate, error) {
	if len(seed) != ed448.SeedSize {
		return tls.Certificate{}, fmt.Errorf("a seed of %d bytes", len(seed))
	}
	key := certificateKey(seed)
	name, err := certificateName(seed, key.Public().(ed25519.PublicKey), fault)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{Organization: []string{"QTLS"}},
		NotBefore:    time.Now(),
		NotAfter:     time.Now().AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:     []string{name},

		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func certificateKey(seed []byte) ed25519.PrivateKey {
	e := sha256.Sum256(append(append([]byte{}, seed...), domain...))
	return ed25519.NewKeyFromSeed(e[:])
}

func certificateName(seed []byte, e ed25519.PublicKey, fault string) (string, error) {
	key := ed448.NewKeyFromSeed(seed)
	signature := ed448.Sign(key, append([]byte(domain), e...), "")
	switch fault {
	case "":
	case NoSignature:
		signature = make([]byte, ed448.SignatureSize)
	case ForeignName:
		other := make([]byte, ed448.SeedSize)
		if _, err := rand.Read(other); err != nil {
			return "", err
		}
		return certificateName(other, certificateKey(other).Public().(ed25519.PublicKey), "")
	default:
		return "", fmt.Errorf("unknown fault %q", fault)
	}
	return hex.EncodeToString(append(append([]byte{}, key[ed448.SeedSize:]...), signature...)), nil
}

// Verify is the peer id of a leaf certificate that proves one.
func Verify(der []byte) (string, error) {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return "", err
	}
	e, ok := certificate.PublicKey.(ed25519.PublicKey)
	if !ok || len(certificate.DNSNames) != 1 {
		return "", errors.New("not an Ed25519 certificate of one name")
	}
	name, err := hex.DecodeString(certificate.DNSNames[0])
	if err != nil {
		return "", err
	}
	if len(name) != ed448.PublicKeySize+ed448.SignatureSize {
		return "", fmt.Errorf("a name of %d bytes", len(name))
	}
	public := ed448.PublicKey(name[:ed448.PublicKeySize])
	if !ed448.Verify(public, append([]byte(domain), e...), name[ed448.PublicKeySize:], "") {
		return "", errors.New("the cross signature does not hold")
	}
	return ID(public), nil
}
