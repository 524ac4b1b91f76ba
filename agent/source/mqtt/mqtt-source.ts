// A broker as a source of readings: one connection after the other for ever, each message read, handed
// to the journal and acknowledged after its sync. The session stays with the broker, so what comes
// while we are away waits there. A bad payload is counted and acknowledged, and stops nothing.

import { join } from 'node:path'
import type { Clock } from '../../../base/clock.ts'
import { HubleafError, isHubleafError, messageOf } from '../../../base/errors.ts'
import type { Logger } from '../../../base/log.ts'
import type { Random } from '../../../base/random.ts'
import { retryDelayMs } from '../../../base/retry.ts'
import type { Source } from '../source.ts'
import { AckGate } from './ack-gate.ts'
import { bridgeMemory } from './bridge-memory.ts'
import type { BrokerConfig } from './config.ts'
import { runConnection } from './connection.ts'
import type { Arrived, ConnectionUser } from './connection.ts'
import { connectionOptions } from './connection-options.ts'
import { Deliveries, digestOf } from './deliveries.ts'
import type { Delivery } from './deliveries.ts'
import { Described } from './described.ts'
import { Intake } from './intake.ts'
import { Interpreter } from './interpreter.ts'
import type { Interpreted } from './interpreter.ts'
import { MqttState } from './mqtt-state.ts'
import { Tasmota } from './tasmota.ts'
import { Zigbee2Mqtt } from './zigbee2mqtt.ts'

/** What a source needs. */
export interface MqttSourceOptions {
  readonly broker: BrokerConfig
  readonly hub: string
  readonly dataDir: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

const AGAIN = { firstMs: 500, maxMs: 30_000 } as const

/** A connection that lasted this long starts the delays anew, ms. */
const STEADY_MS = 10_000

/** How long stopping waits for the commit under way, ms. */
const STOP_GRACE_MS = 2000

/** The source of one broker. */
export function mqttSource(options: MqttSourceOptions): Source {
  const { broker, clock, log } = options
  const name = broker.name === 'main' ? 'mqtt' : `mqtt-${broker.name}`
  const state = new MqttState(name, clock, log)
  const interpreter = makeInterpreter(options, name)
  const deliveries = new Deliveries()
  let intake: Intake | undefined
  let gate: AckGate | undefined
  return {
    name,
    async run(sink, signal) {
      const running = new Intake({ ...options, name, sink })
      intake = running
      const last = new AbortController()
      const working = running.run(signal).then(() => last.abort())
      const stopping = (): void => void clock.after(STOP_GRACE_MS, () => last.abort())
      signal.addEventListener('abort', stopping, { once: true })
      const connect = async (): Promise<HubleafError | undefined> => {
        const user = new BrokerUser({
          state,
          interpreter,
          deliveries,
          intake: running,
          broker,
          log,
        })
        gate = user.gate
        try {
          const place = connectionOptions(options, interpreter.filters())
          return await runConnection(place, user, last.signal)
        } catch (error) {
          if (isHubleafError(error)) return error
          throw error
        } finally {
          deliveries.keep(user.gate.close())
        }
      }
      await keepConnected(connect, { ...options, state, signal, last: last.signal })
      await Promise.race([working, untilAborted(last.signal)])
    },
    status: () =>
      state.status({
        held: gate?.size ?? 0,
        devices: interpreter.devices(),
        trouble: intake?.trouble()?.reason,
      }),
  }
}

async function keepConnected(
  connect: () => Promise<HubleafError | undefined>,
  options: Pick<MqttSourceOptions, 'clock' | 'random'> & {
    readonly state: MqttState
    readonly signal: AbortSignal
    readonly last: AbortSignal
  },
): Promise<void> {
  const { clock, random, state, signal, last } = options
  let attempt = 0
  while (!signal.aborted && !last.aborted) {
    const startedAt = clock.monotonic()
    const failure = await connect()
    // A broker that was there and is gone comes back soon; one that throws us out does not change.
    const wasCut = state.isConnected && failure?.code === 'mqtt_unreachable'
    if (failure !== undefined) state.down(failure)
    attempt = wasCut || clock.monotonic() - startedAt > STEADY_MS ? 1 : attempt + 1
    await clock.sleep(retryDelayMs(AGAIN, attempt, random), signal)
  }
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function makeInterpreter({ broker, dataDir, log }: MqttSourceOptions, source: string): Interpreter {
  const memory = bridgeMemory(join(dataDir, 'mqtt'), broker.name, log)
  const { max_devices: maxDevices, max_payload: maxPayloadBytes } = broker
  return new Interpreter({
    ...{ source, maxDevices, maxPayloadBytes, devicePrefix: broker.device_prefix },
    formats: [
      ...broker.zigbee2mqtt.map((base) => new Zigbee2Mqtt(base, maxDevices, memory)),
      ...broker.tasmota.map((pattern) => new Tasmota(pattern)),
      ...broker.topics.map((topic) => new Described(topic)),
    ],
  })
}

interface UserParts {
  readonly state: MqttState
  readonly interpreter: Interpreter
  readonly deliveries: Deliveries
  readonly intake: Intake
  readonly broker: BrokerConfig
  readonly log: Logger
}

/** What one connection brings, on its way to the journal. */
class BrokerUser implements ConnectionUser {
  readonly gate: AckGate
  readonly #parts: UserParts
  #isNewSession = true
  #write: (bytes: Uint8Array) => void = () => undefined

  constructor(parts: UserParts) {
    this.#parts = parts
    this.gate = new AckGate((bytes) => this.#write(bytes))
  }

  opened(isSessionPresent: boolean, write: (bytes: Uint8Array) => void): void {
    this.#isNewSession = !isSessionPresent
    this.#write = write
    if (!isSessionPresent) this.#parts.deliveries.forget()
  }

  subscribed(lowered: readonly string[]): void {
    this.#parts.state.connected(lowered)
  }

  arrived(message: Arrived): Promise<void> | undefined {
    const { state, deliveries, intake } = this.#parts
    state.arrived()
    let delivery: Delivery | undefined
    if (message.packetId !== undefined) {
      const digest = digestOf(message.topic, message.payload)
      const taken = deliveries.take(message.packetId, message.isRepeat, digest)
      delivery = taken.delivery
      this.gate.hold(message.packetId, delivery)
      if (!taken.isNew) {
        state.count('repeated')
        return undefined
      }
    }
    this.#take(message, delivery)
    return delivery !== undefined && intake.isFull() ? intake.room() : undefined
  }

  #take(message: Arrived, delivery: Delivery | undefined): void {
    const { state, intake, broker } = this.#parts
    const { readings, refusals, kind } = this.#interpret(message)
    for (const refusal of refusals) state.refused(message.topic, refusal)
    if (readings.length === 0) {
      state.count(kind)
      delivery?.settle('kept')
      return
    }
    const isHeld = intake.offer({
      ...{ readings, bytes: message.payload.length, isAwaited: delivery !== undefined },
      canRefuse: broker.version === '5',
      settle(verdict, code) {
        delivery?.settle(verdict)
        if (code === undefined) return
        state.refused(message.topic, { code, message: 'the journal did not take it' })
      },
    })
    state.count(isHeld ? kind : 'dropped')
  }

  #interpret(message: Arrived): Interpreted {
    try {
      return this.#parts.interpreter.interpret(message, this.#isNewSession)
    } catch (error) {
      // A fault of ours: the message is lost, counted, and must not come again for ever.
      this.#parts.log.error('mqtt_message_failed', { reason: messageOf(error) })
      const refusal = { code: 'internal', message: 'the message could not be read' } as const
      return { readings: [], refusals: [refusal], kind: 'read' }
    }
  }
}
