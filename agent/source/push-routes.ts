// The routes by which readings are pushed, as the configuration asks for them, behind one guard. What is
// not asked for is not there: its address answers as any unknown one.

import type { FastifyInstance } from 'fastify'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { readSecret, secretOf } from '../../base/secret.ts'
import type { AgentConfig } from '../config.ts'
import { addGuard, TOKEN_RULE } from './http-guard.ts'
import { addOneReadingRoute, addReadingsRoute } from './http.ts'
import { LEGACY_PATH, parseLegacy, PASSCODE_RULE } from './legacy-app.ts'
import { MQTT_BRIDGE_PATH, parseBridgePush } from './mqtt-bridge.ts'
import { SenderLimit } from './sender-limit.ts'
import type { Sink } from './source.ts'

/** What the routes need. */
export interface PushRoutesOptions {
  readonly config: Pick<AgentConfig, 'http'>
  readonly clock: Clock
  readonly log: Logger
}

/** Whether the process lives is no secret; the old app cannot send a token and has its passcode. */
const OPEN = ['/healthz', LEGACY_PATH]

/** Adds them, guarded together with all that the server has. Throws `secret_unusable`. */
export function addPushRoutes(app: FastifyInstance, options: PushRoutesOptions, sink: Sink): void {
  const { config, clock, log } = options
  const { token_file, legacy_passcode_file, mqtt_bridge, requests_per_second } = config.http
  const limit = new SenderLimit({ perSecond: requests_per_second, clock })
  const token = token_file === undefined ? undefined : secretOf(readSecret(token_file, TOKEN_RULE))
  addGuard(app, { limit, token, open: OPEN })
  addReadingsRoute(app, sink, log)
  if (legacy_passcode_file !== undefined) {
    const passcode = secretOf(readSecret(legacy_passcode_file, PASSCODE_RULE))
    addOneReadingRoute(app, sink, {
      path: LEGACY_PATH,
      parse: (input) => parseLegacy(input, passcode),
      onUnauthorized: (sender) => limit.punish(sender),
    })
  }
  if (mqtt_bridge) {
    addOneReadingRoute(app, sink, { path: MQTT_BRIDGE_PATH, parse: parseBridgePush })
  }
}
