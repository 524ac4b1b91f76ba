// Claim: whatever bytes arrive, decodePack answers with a pack or with a HubleafError of a pack
// code, and a pack that it accepts encodes again to an equal one. A million spoilt packs from a
// seed; HUBLEAF_FUZZ_SEED replays another.

import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { isHubleafError } from '../../base/errors.ts'
import { seededRandom, type Random } from '../../base/random.ts'
import { decodePack, encodePack, toBody } from '../../wire/codec.ts'
import { parseSensorType } from '../../wire/ids.ts'
import type { Pack } from '../../wire/reading.ts'
import { MUTATIONS, reframe, type Mutation, type Specimen } from '../fixtures/mutations.ts'
import { pick, randomPack } from '../fixtures/random-pack.ts'
import { seedOr } from '../fixtures/seed.ts'

const TOTAL = 1_000_000
const SPECIMENS = 400
const CODES = [
  ...['pack_truncated', 'pack_magic', 'pack_version_unknown', 'pack_compression_unknown'],
  ...['pack_too_large', 'pack_corrupt', 'pack_malformed', 'pack_field_unknown'],
]

const seed = seedOr(20_260_731)
const type = parseSensorType('temperature')
const outcomes = new Map<string, number>()

/** Framed by the codec, or without compression, which lets damage reach further in. */
function specimenOf(pack: Pack, plain: boolean): Specimen {
  const text = JSON.stringify(toBody(pack))
  return { bytes: plain ? reframe(Buffer.from(text)) : encodePack(pack).bytes, text }
}

/** What became of the bytes: a code, `accepted`, or a sentence that says what is wrong. */
function outcomeOf(bytes: Uint8Array): string {
  if (type === undefined) return 'no type'
  let pack: Pack
  try {
    pack = decodePack(bytes, type)
  } catch (error) {
    if (isHubleafError(error) && CODES.includes(error.code)) return error.code
    return `threw ${String(error)}`
  }
  const again = decodePack(encodePack(pack).bytes, type)
  return isDeepStrictEqual(again, pack) ? 'accepted' : 'changed by encoding again'
}

/** Applies `mutation` `times` times; the first bytes that break the claim, if any. */
function hunt(random: Random, specimens: Specimen[], mutation: Mutation, times: number) {
  for (let turn = 0; turn < times; turn += 1) {
    const bytes = mutation(random, pick(random, specimens), pick(random, specimens))
    let outcome: string
    try {
      outcome = outcomeOf(bytes)
    } catch (error) {
      outcome = `could not be encoded again: ${String(error)}`
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    if (outcome !== 'accepted' && !CODES.includes(outcome)) {
      return { turn, outcome, bytes: Buffer.from(bytes).toString('base64') }
    }
  }
  return undefined
}

t.setTimeout(300_000)
t.comment(`seed ${seed}`)
// Stack traces of a million refusals would take half of the time.
const { stackTraceLimit } = Error
Error.stackTraceLimit = 0
t.teardown(() => (Error.stackTraceLimit = stackTraceLimit))

const random = seededRandom(seed)
const specimens = Array.from({ length: SPECIMENS }, (_, place) =>
  specimenOf(randomPack(random, place % 20 === 0 ? 64 : 4), place % 3 > 0),
)

t.test('the shares add up to the whole', async (t) => {
  t.equal(
    MUTATIONS.reduce((sum, [, share]) => sum + share, 0),
    1000,
  )
})

for (const [name, share, mutation] of MUTATIONS) {
  t.test(`${name} never surprise the decoder`, async (t) => {
    const found = hunt(random, specimens, mutation, (TOTAL / 1000) * share)
    t.equal(found, undefined, `${(TOTAL / 1000) * share} packs, seed ${seed}`)
  })
}

t.test('P6.4 the hunt reached every refusal, and packs that are accepted', async (t) => {
  for (const [outcome, count] of outcomes) t.comment(`${outcome}: ${count}`)
  for (const code of CODES) t.ok((outcomes.get(code) ?? 0) >= 10, `${code} occurred`)
  t.ok((outcomes.get('accepted') ?? 0) >= 20_000, `${outcomes.get('accepted') ?? 0} accepted`)
  const total = [...outcomes.values()].reduce((sum, count) => sum + count, 0)
  t.ok(total >= TOTAL, `${total} packs in all`)
})
