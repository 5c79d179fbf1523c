/** Cryptography in web workers. See README.md. */
export { type CompiledEngine, chooseVariant, compileEngine } from './engine.ts'
export type { EngineModule, Variant } from './modules.ts'
export { type PoolOptions, WorkerPool } from './pool.ts'
