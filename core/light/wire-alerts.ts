/** Alerts of the network's operators on `/petal/light/1.0.0` (core/proto/light.proto; spec 53 section 8). */
import { WIRE_LIMITS, WireError } from './wire-limits.ts'

/** Throws `WireError` for alerts that no message carries. Their content is not looked at. */
export function checkAlerts(alerts: readonly Uint8Array[]): readonly Uint8Array[] {
  if (alerts.length > WIRE_LIMITS.alerts)
    throw new WireError('limit', `more than ${WIRE_LIMITS.alerts} alerts in one message`)
  for (const { length } of alerts) {
    if (length === 0) throw new WireError('decode', 'an empty alert')
    if (length > WIRE_LIMITS.alertBytes)
      throw new WireError('limit', `alert of ${length} bytes, at most ${WIRE_LIMITS.alertBytes} are taken`)
  }
  return alerts
}
