// What the world may destroy: damaged pages, and the time between a card's image and its restoration.
// The bytes of the image decide which readings are excused; all others are still owed.

import { join } from 'node:path'
import { copyImage, damage, pagesWith, readingsOn, tracesIn } from './card.ts'
import type { DamageTarget } from './card.ts'
import { RESERVED_TYPES } from '../../wire/ids.ts'
import type { Run } from './run.ts'
import type { Site } from './site.ts'

/** Damages an image; what stood on the damaged pages may be missing from now on. */
export function damageImage(
  run: Run,
  site: Site,
  folder: string,
  target: DamageTarget,
  how: 'bits' | 'block',
): string {
  const hurt = damage(folder, target, how, run.random)
  if (hurt === undefined) return folder
  run.damaged = true
  run.harmedAt = run.world.now
  site.note(`${target} damaged: ${[...hurt.pages].join(' ')}`)
  excuseAllBut(run, site, tracesIn(folder, hurt).intact, 'damaged')
  return folder
}

/**
 * Flips bits in the database of an agent that runs. What it reads later from such a page, or adds to
 * it before anybody notices, may be missing: the pages are remembered until the file is opened anew.
 */
export function damageLive(run: Run, site: Site): void {
  const folder = site.process?.folder ?? site.folder
  // Rows that are accepted later go to the page of the newest ones: damage there would reach them.
  const newest = run.truth.newest(NEWEST)
  const hurt = damage(folder, 'base', 'bits', run.random, pagesWith(folder, newest))
  if (hurt === undefined) return
  run.damaged = true
  for (const page of hurt.pages) site.hurtPages.add(page)
  site.note(`base damaged under the agent: ${[...hurt.pages].join(' ')}`)
  excuseAllBut(run, site, tracesIn(folder, hurt).intact, 'damaged')
}

/** The file is opened or copied: what stands on damaged pages by now may be missing. */
export function excuseHurt(run: Run, site: Site, folder: string): void {
  if (site.hurtPages.size === 0) return
  run.harmedAt = run.world.now
  const touched = readingsOn(folder, site.hurtPages)
  excuseAllBut(run, site, tracesIn(folder, { touched }).intact, 'damaged')
}

/** So many readings are on the page that the next ones go to, or on its neighbours. */
const NEWEST = 60

/** Puts an older image in the place of the present one, if there is one. */
export function restoreImage(run: Run, site: Site, folder: string): string {
  const saved = run.saved.get(site)
  if (saved === undefined) return folder
  run.restored = true
  run.harmedAt = run.world.now
  run.watch.hasTwins = true
  const restored = site.newFolder()
  copyImage(saved, restored)
  site.note('an older image is restored')
  excuseAllBut(run, site, tracesIn(restored, undefined).any, 'restored')
  return restored
}

/** Keeps a copy of the card as it is. */
export function saveImage(run: Run, site: Site): void {
  const saved = join(run.root, `${site.name}-saved-${run.world.steps}`)
  copyImage(site.process?.folder ?? site.folder, saved)
  run.saved.set(site, saved)
  site.note('image saved')
}

function excuseAllBut(run: Run, site: Site, kept: ReadonlySet<number>, why: string): void {
  const { truth, watch } = run
  for (const { n } of truth.offered.values()) {
    const place = truth.placeOf(n)
    if (place === undefined || !site.epochs.has(place.epoch)) continue
    const isStored = watch.database.of(place.epoch, place.type).rows.has(place.seq)
    // The record of what was given up may be what was destroyed.
    if (!isStored && (!kept.has(n) || watch.givenUp.has(n))) truth.excuse(n, why)
  }
  for (const epoch of site.epochs) {
    for (const type of RESERVED_TYPES) {
      truth.excusePlaces(epoch, type, 1, truth.durable(epoch, type))
    }
  }
  // The journal may not know the events of before any more.
  run.sourcesOf(site).forget()
}
