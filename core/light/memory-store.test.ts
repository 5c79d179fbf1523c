import { storeCompliance } from '../platform/store-compliance.ts'
import { MemoryStore } from './memory-store.ts'

storeCompliance('memory', async () => new MemoryStore())
