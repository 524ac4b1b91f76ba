// Brings an installation's subscriptions to what they should be, by difference: what is right is never
// touched. Keeps to the vendor's rates by waiting, and goes on past a subscription that is refused.

import type { Clock } from '../../../../base/clock.ts'
import { isHubleafError } from '../../../../base/errors.ts'
import type { SubscriptionsApi } from '../api.ts'
import { planSubscriptions, stepsTo, SUBSCRIPTIONS_MAX } from './subscription-plan.ts'
import type { PlanInput, Step } from './subscription-plan.ts'

/** The vendor's rates: so many calls in so long, for making and for everything else. */
export const RATES = { create: 40, other: 15, windowMs: 900_000 } as const

/** What became of it. */
export interface Reconciled {
  readonly created: number
  readonly deleted: number
  /** Names that the vendor refused, with the code. */
  readonly refused: readonly { readonly name: string; readonly code: string }[]
  /** Capabilities that there is no room for. */
  readonly leftOut: readonly string[]
}

/** Reconciles installations; one reconciler for all calls of one installation keeps to its rates. */
export interface Reconciler {
  /** One at a time. Throws `smartthings_*` where nothing can be done, also when the signal aborts. */
  reconcile(want: Omit<PlanInput, 'limit'>, signal: AbortSignal): Promise<Reconciled>
}

/** Refusals of one subscription; the others may still be made. Codes of the client behind the port. */
const OF_ONE: readonly string[] = [
  ...['smartthings_forbidden', 'smartthings_refused', 'smartthings_not_found'],
]

/** A reconciler of one installation. */
export function createReconciler(
  api: SubscriptionsApi,
  installedAppId: string,
  clock: Clock,
): Reconciler {
  const creating = rate(clock, RATES.create)
  const other = rate(clock, RATES.other)
  let limit = SUBSCRIPTIONS_MAX
  const take = async (step: Step, signal: AbortSignal): Promise<void> => {
    await (step.kind === 'create' ? creating : other)(signal)
    if (step.kind === 'delete') await api.delete(installedAppId, step.id, signal)
    else await api.create(installedAppId, step.request, signal)
  }
  return {
    async reconcile(want, signal) {
      const done = { create: 0, delete: 0 }
      const refused: { name: string; code: string }[] = []
      for (;;) {
        await other(signal)
        const existing = await api.getAll(installedAppId, signal)
        const { wanted, leftOut } = planSubscriptions({ ...want, limit })
        const may = wanted.filter(({ name }) => !refused.some((each) => each.name === name))
        const held = { count: existing.length, isFull: false }
        for (const step of stepsTo(existing, may, limit)) {
          const fate = await take(step, signal).then(() => 'done' as const, fateOf)
          if (fate === 'done') {
            done[step.kind] += 1
            held.count += step.kind === 'create' ? 1 : -1
          } else if (step.kind === 'create' && fate.kind === 'refused') {
            refused.push({ name: step.request.name, code: fate.code })
          } else if (step.kind === 'create' && fate.kind === 'full') {
            held.isFull = true
            break
          } else throw fate.error
        }
        if (!held.isFull) return { created: done.create, deleted: done.delete, refused, leftOut }
        // The vendor's limit is lower than its documents say: plan again with what it holds.
        limit = Math.min(limit - 1, held.count)
      }
    },
  }
}

interface Trouble {
  readonly kind: 'refused' | 'full' | 'other'
  readonly code: string
  readonly error: unknown
}

function fateOf(error: unknown): Trouble {
  const code: string = isHubleafError(error) ? error.code : 'internal'
  if (code === 'smartthings_limit_reached') return { kind: 'full', code, error }
  return { kind: OF_ONE.includes(code) ? 'refused' : 'other', code, error }
}

/** Waits until one more call keeps to `calls` in any window; what the signal ends, the call ends. */
function rate(clock: Clock, calls: number): (signal: AbortSignal) => Promise<void> {
  const made: number[] = []
  return async (signal) => {
    const [oldest] = made
    if (made.length >= calls && oldest !== undefined) {
      made.shift()
      await clock.sleep(Math.max(0, oldest + RATES.windowMs - clock.monotonic()), signal)
    }
    made.push(clock.monotonic())
  }
}
