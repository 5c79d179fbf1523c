import { storeCompliance } from '@petal/core/platform/store-compliance.ts'
import { openIdbStore } from './idb-store.ts'

const run = crypto.randomUUID()
let count = 0
storeCompliance(
  'IndexedDB',
  () => openIdbStore(`suite-${run}-${++count}`),
  () => openIdbStore(`suite-${run}-${count}`),
)
