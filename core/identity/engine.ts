/** The calls of the Rust crates that identities need: any `FullEngine` has them, and tests may hand in others. */
import type { FullEngine } from '../platform/engine.ts'

/** Verifies the signatures of records: Ed448 with empty context, BLS48-581 with a domain, addresses by Poseidon. */
export type IdentityVerifier = Pick<FullEngine, 'ed448Verify' | 'blsVerify' | 'poseidonHashBytes'>

/** Verifies Ed448 alone. */
export type Ed448Verifier = Pick<FullEngine, 'ed448Verify'>

/** Makes Ed448 keys and signatures; `privateKey` is a 57-byte seed. */
export type Ed448Signer = Pick<FullEngine, 'ed448PublicKey' | 'ed448Sign'>

/** Makes the cross signatures of a key registry. */
export type RegistrySigner = Ed448Signer & Pick<FullEngine, 'blsPublicKey' | 'blsSign' | 'poseidonHashBytes'>
