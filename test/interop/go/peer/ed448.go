package main

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/libp2p/go-libp2p/core/crypto"
	pb "github.com/libp2p/go-libp2p/core/crypto/pb"
)

// keyTypeEd448 is the private extension of spec 50 section 1, which stock go-libp2p does not know.
const keyTypeEd448 = pb.KeyType(4)

// teachEd448 makes this process read key records of type 4. Nothing else of go-libp2p is changed.
func teachEd448() {
	crypto.PubKeyUnmarshallers[keyTypeEd448] = unmarshalEd448PublicKey
	crypto.PrivKeyUnmarshallers[keyTypeEd448] = unmarshalEd448PrivateKey
}

type ed448PublicKey struct{ key ed448.PublicKey }

type ed448PrivateKey struct{ key ed448.PrivateKey }

func generateEd448Key() (crypto.PrivKey, error) {
	_, key, err := ed448.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return &ed448PrivateKey{key}, nil
}

func unmarshalEd448PublicKey(data []byte) (crypto.PubKey, error) {
	if len(data) != ed448.PublicKeySize {
		return nil, fmt.Errorf("an Ed448 public key of %d bytes", len(data))
	}
	return &ed448PublicKey{bytes.Clone(data)}, nil
}

// unmarshalEd448PrivateKey takes the seed, or the seed and the public key.
func unmarshalEd448PrivateKey(data []byte) (crypto.PrivKey, error) {
	if len(data) != ed448.SeedSize && len(data) != ed448.PrivateKeySize {
		return nil, fmt.Errorf("an Ed448 private key of %d bytes", len(data))
	}
	key := ed448.NewKeyFromSeed(data[:ed448.SeedSize])
	if len(data) == ed448.PrivateKeySize && subtle.ConstantTimeCompare(key, data) != 1 {
		return nil, errors.New("an Ed448 private key whose halves disagree")
	}
	return &ed448PrivateKey{key}, nil
}

func (k *ed448PublicKey) Type() pb.KeyType     { return keyTypeEd448 }
func (k *ed448PublicKey) Raw() ([]byte, error) { return bytes.Clone(k.key), nil }

func (k *ed448PublicKey) Equals(other crypto.Key) bool {
	o, ok := other.(*ed448PublicKey)
	return ok && bytes.Equal(k.key, o.key)
}

func (k *ed448PublicKey) Verify(data, signature []byte) (bool, error) {
	return ed448.Verify(k.key, data, signature, ""), nil
}

func (k *ed448PrivateKey) Type() pb.KeyType { return keyTypeEd448 }

func (k *ed448PrivateKey) Raw() ([]byte, error) { return bytes.Clone(k.key), nil }

func (k *ed448PrivateKey) Equals(other crypto.Key) bool {
	o, ok := other.(*ed448PrivateKey)
	return ok && subtle.ConstantTimeCompare(k.key, o.key) == 1
}

func (k *ed448PrivateKey) Sign(data []byte) ([]byte, error) {
	return ed448.Sign(k.key, data, ""), nil
}

func (k *ed448PrivateKey) GetPublic() crypto.PubKey {
	return &ed448PublicKey{bytes.Clone(k.key[ed448.SeedSize:])}
}
