// The cloud's own losses: a database that was restored lacks rows that it had acknowledged, and asks
// the hub for them until they are back or the hub has said that it does not have them any more.

import { isHubleafError } from '../../base/errors.ts'
import { randomInt } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import { resendAnswerer } from '../../agent/forwarder/resend.ts'
import { encodeMessage } from '../../wire/requests.ts'
import type { Refusal, ResendDone, ResendRequest } from '../../wire/requests.ts'
import { parseEpochId, parseTypeName } from '../../wire/ids.ts'
import type { SiteRole } from './roles.ts'
import type { Watch } from './watch.ts'

/** Rows that are lost at once at most. */
const LOST_MAX = 60

interface Lost {
  readonly site: SiteRole
  readonly request: ResendRequest
}

/** What the cloud has lost and wants again. */
export class CloudAsks {
  readonly #watch: Watch
  readonly #random: Random
  #lost: Lost[] = []
  /** Places that the hub does not have any more. */
  readonly #gone = new Set<string>()

  constructor(watch: Watch, random: Random) {
    this.#watch = watch
    this.#random = random
  }

  /** True when everything is back, or known to be gone. */
  get isDone(): boolean {
    this.#lost = this.#lost.filter(({ request }) => this.#absent(request).length > 0)
    return this.#lost.length === 0
  }

  /** The database loses rows of a site, and the cloud asks for them. */
  lose(site: SiteRole): void {
    const { database, truth } = this.#watch
    const sequences = [...database.sequences.values()].filter((one) => {
      return one.rows.size > 0 && !one.type.startsWith('_') && site.epochs.has(one.epoch)
    })
    const chosen = sequences[randomInt(this.#random, Math.max(1, sequences.length))]
    const epoch = parseEpochId(chosen?.epoch ?? '')
    const type = parseTypeName(chosen?.type ?? '')
    const seqs = [...(chosen?.rows.keys() ?? [])]
    const first = seqs[randomInt(this.#random, Math.max(1, seqs.length))]
    if (epoch === undefined || type === undefined || first === undefined) return
    const last = Math.min(first + randomInt(this.#random, LOST_MAX), Math.max(...seqs))
    const request = { epoch, type, first, last }
    for (const n of database.lose(request)) {
      const offered = truth.offered.get(n)
      // It arrives long after it was accepted, and a mark may have said that it was there.
      if (offered === undefined) continue
      offered.calm = false
      offered.lostByCloud = true
    }
    truth.excusePlaces(epoch, type, first, last)
    site.note(`the cloud has lost ${type} ${first} to ${last} of ${epoch}`)
    this.#lost.push({ site, request })
    this.again()
  }

  /** Asks again for what has not come. */
  again(): void {
    if (this.isDone) return
    for (const lost of this.#lost) {
      const { process } = lost.site
      const { journal, forwarder } = process ?? {}
      if (process?.accepting !== true || journal?.status().salvaging !== 0) continue
      if (forwarder === undefined) continue
      const log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
      const answer = resendAnswerer({ journal, forwarder, clock: process.clock, log })
      answer(encodeMessage(lost.request), new AbortController().signal).then(
        (answered) => this.#answered(lost, answered),
        (error: unknown) => {
          const code = isHubleafError(error) ? error.code : String(error)
          lost.site.note(`the cloud is not answered: ${code}`)
        },
      )
    }
  }

  #answered({ site, request }: Lost, answer: ResendDone | Refusal): void {
    const { epoch, type } = request
    site.note(`the cloud is answered: ${JSON.stringify(answer)}`)
    if (!answer.ok) return
    const { truth } = this.#watch
    for (const [first, last] of answer.missing) {
      for (let seq = first; seq <= last; seq += 1) {
        const n = truth.numberAt({ epoch, type, seq })
        if (n !== undefined) truth.excuse(n, 'lost by the cloud, and gone from the hub')
        this.#gone.add(`${epoch} ${type} ${seq}`)
      }
    }
  }

  #absent({ epoch, type, first, last }: ResendRequest): readonly number[] {
    const { stored, dropped } = this.#watch.database.of(epoch, type)
    const seqs = Array.from({ length: last - first + 1 }, (_, index) => first + index)
    return seqs.filter((seq) => {
      return !stored.has(seq) && !dropped.has(seq) && !this.#gone.has(`${epoch} ${type} ${seq}`)
    })
  }
}

function nothing(): undefined {
  return undefined
}
