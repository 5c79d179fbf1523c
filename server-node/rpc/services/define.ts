/** Makes a `ServedService` from an implementation: what is implemented is what answers. */
import type { DescService } from '@bufbuild/protobuf'
import type { ServiceImpl } from '@connectrpc/connect'
import type { UniversalHandlerOptions } from '@connectrpc/connect/protocol'
import type { ServedService } from './served.ts'

export function define<S extends DescService>(
  service: S,
  implementation: Partial<ServiceImpl<S>>,
  options: Partial<UniversalHandlerOptions> = {},
): ServedService {
  const names = service.methods.filter(({ localName }) => localName in implementation).map(({ name }) => name)
  return {
    service,
    answers: new Set(names),
    register: (router) => void router.service(service, implementation, options),
  }
}
