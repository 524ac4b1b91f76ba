// The allowance of calls: counted by hour, day and month of UTC, and kept on disk. Numbers are taken
// from the disk in small blocks, ahead of their use, so that a crash may count a few calls too many
// and never one too few, and the card is not written at each call.

import * as z from 'zod'
import type { Clock } from '../../../base/clock.ts'
import { HubleafError } from '../../../base/errors.ts'
import type { StateFile } from '../../../base/state-file.ts'
import type { BudgetState, BudgetWindow } from './api.ts'
import type { SmartThingsConfig } from './config.ts'

const WINDOWS = ['hour', 'day', 'month'] as const

type WindowName = (typeof WINDOWS)[number]

const windowSchema = z.strictObject({ startsAtMs: z.number(), used: z.int().min(0) })

/** What is on the disk; `used` includes the block that was taken ahead. */
export const usageSchema = z.strictObject({
  hour: windowSchema,
  day: windowSchema,
  month: windowSchema,
  /** The subscription of the event stream, to be removed before another is made. */
  events: z.strictObject({ path: z.string(), id: z.string() }).optional(),
})

/** What is on the disk. */
export type Usage = z.output<typeof usageSchema>

/** Nothing used yet. */
export const NO_USAGE: Usage = {
  hour: { startsAtMs: 0, used: 0 },
  day: { startsAtMs: 0, used: 0 },
  month: { startsAtMs: 0, used: 0 },
}

/** The counter. */
export interface Budget {
  /** Counts a call. Throws `smartthings_budget_spent`: the call must not be made. */
  take(): Promise<void>
  state(): Omit<BudgetState, 'blockedUntilMs'>
  /** Until when a spent window lasts, epoch ms; undefined while nothing is spent. */
  spentUntilMs(): number | undefined
  /** Gives back what was taken ahead. Throws `state_write_failed`. */
  close(): Promise<void>
}

/** Calls taken ahead. */
const BLOCK = 10

/** Before this (2024) the clock has not been set: windows that were begun go on. */
const CLOCK_UNSET_BELOW_MS = 1_704_067_200_000

/** A counter over the file. */
export function openBudget(
  file: StateFile<Usage>,
  limits: SmartThingsConfig['budget'],
  clock: Clock,
): Budget {
  const most = { hour: limits.per_hour, day: limits.per_day, month: limits.per_month }
  // What an earlier run had taken ahead counts as used: nobody knows how much of it was.
  let ahead = 0
  const now = (): Usage => current(file.data, clock.now())
  const usedIn = (usage: Usage, name: WindowName): number => Math.max(0, usage[name].used - ahead)
  const spent = (): WindowName | undefined => {
    const usage = now()
    return WINDOWS.find((name) => usedIn(usage, name) >= most[name])
  }
  const state = (): Record<WindowName, BudgetWindow> => {
    const usage = now()
    const windowOf = (name: WindowName): BudgetWindow => ({
      ...{ used: usedIn(usage, name), limit: most[name] },
      endsAtMs: endOf(name, usage[name].startsAtMs),
    })
    return { hour: windowOf('hour'), day: windowOf('day'), month: windowOf('month') }
  }
  return {
    state,
    spentUntilMs: () => {
      const name = spent()
      return name === undefined ? undefined : state()[name].endsAtMs
    },
    async take() {
      const name = spent()
      if (name !== undefined) throw spentError(name, most[name], state()[name].endsAtMs)
      const isSameHour = now().hour.startsAtMs === file.data.hour.startsAtMs
      if (ahead > 0 && isSameHour) {
        ahead -= 1
        return
      }
      // What is left of the last hour's block is given back to that hour's windows.
      const unused = ahead
      ahead = BLOCK - 1
      const next = (data: Usage): Usage => added(current(added(data, -unused), clock.now()), BLOCK)
      // A disk that takes nothing must not stop the calls: memory counts on.
      await Promise.allSettled([file.update(next)])
    },
    async close() {
      const unused = ahead
      ahead = 0
      if (unused > 0) await file.update((data) => added(data, -unused))
    },
  }
}

function spentError(name: WindowName, most: number, endsAtMs: number): HubleafError {
  const until = new Date(endsAtMs).toISOString()
  const message = `the ${most} calls that this ${name} allows are used; the next ${name} begins at ${until}`
  const hint = `raise sources.smartthings.budget.per_${name} if the plan of the account allows more`
  return new HubleafError('smartthings_budget_spent', message, { hint })
}

function added(usage: Usage, calls: number): Usage {
  const plus = ({ startsAtMs, used }: Usage['hour']) => ({
    startsAtMs,
    used: Math.max(0, used + calls),
  })
  return { ...usage, hour: plus(usage.hour), day: plus(usage.day), month: plus(usage.month) }
}

/** The windows at this moment: a new one is empty. */
function current(usage: Usage, nowMs: number): Usage {
  const windowOf = (name: WindowName): Usage['hour'] => {
    const known = usage[name]
    const startsAtMs = startOf(name, nowMs)
    // A clock that was put back a little, or is not set yet, does not make old calls unmade.
    const isBack = nowMs < known.startsAtMs && endOf(name, nowMs) >= known.startsAtMs
    const isUnset = nowMs < CLOCK_UNSET_BELOW_MS && known.startsAtMs > 0
    if (startsAtMs === known.startsAtMs || isBack || isUnset) return known
    return { startsAtMs, used: 0 }
  }
  return { ...usage, hour: windowOf('hour'), day: windowOf('day'), month: windowOf('month') }
}

function startOf(name: WindowName, ms: number): number {
  const at = new Date(ms)
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()]
  if (name === 'month') return Date.UTC(year, month)
  const day = Date.UTC(year, month, at.getUTCDate())
  return name === 'day' ? day : day + at.getUTCHours() * 3_600_000
}

function endOf(name: WindowName, ms: number): number {
  if (name === 'hour') return startOf('hour', ms) + 3_600_000
  if (name === 'day') return startOf('day', ms) + 86_400_000
  const at = new Date(ms)
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1)
}
