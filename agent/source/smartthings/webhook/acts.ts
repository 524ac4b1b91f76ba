// What each verified message does, and what it is answered. Order matters: kept first, told then, and
// answered last; a message that fails on the way is answered as failed, and doing it again is no harm.

import { HubleafError } from '../../../../base/errors.ts'
import type { Sink } from '../../source.ts'
import type { AppFace } from './answers.ts'
import { initializeAnswer, pageAnswer, PLAIN_ANSWERS } from './answers.ts'
import { confirm } from './confirmation.ts'
import { sortEvents } from './events.ts'
import type { EventSkip } from './events.ts'
import type { InstalledApp, Installations, LocationOwners, WebhookChange } from './installations.ts'
import type { Envelope, Message } from './parse-envelope.ts'
import type { VendorGet } from './vendor-get.ts'

/** What messages act on. */
export interface ActParts {
  /** The app's id at the vendor; what is sent to another app is refused. */
  readonly appId: string
  /** The URL that the vendor posts to, as it was registered. */
  readonly targetUrl: string
  readonly face: AppFace
  readonly get: VendorGet
  readonly sink: Sink
  readonly installations: Installations
  readonly owners: LocationOwners
  /** Told of each change once it is kept; it must return at once. */
  onChange(change: WebhookChange): void
  /** Told of each event that gave no reading. */
  onSkip(skip: EventSkip): void
}

/**
 * Does what a message asks and gives the body of its answer. Throws `webhook_app_unknown`,
 * `location_claimed`, `confirmation_*`, and whatever sink and installations throw.
 */
export async function act(parts: ActParts, { message, appId }: Envelope): Promise<object> {
  if (appId !== undefined && appId !== parts.appId) throw otherApp(`the app ${appId}`)
  switch (message.kind) {
    case 'confirmation':
      if (message.appId !== parts.appId) throw otherApp(`the app ${message.appId}`)
      await confirm(parts.get, message.confirmationUrl, parts.appId)
      return { targetUrl: parts.targetUrl }
    case 'ping':
      return { pingData: { challenge: message.challenge } }
    case 'configuration':
      return message.phase === 'initialize' ? initializeAnswer(parts.face) : pageAnswer(parts.face)
    case 'install':
    case 'update':
      return install(parts, message)
    case 'event':
      await checkInstalled(parts, appId, message.app.installedAppId)
      return takeEvents(parts, message.app, message.events)
    case 'uninstall':
      await checkInstalled(parts, appId, message.installedAppId)
      await remove(parts, message.installedAppId)
      return PLAIN_ANSWERS.uninstall
    case 'oauth_callback':
    case 'execute':
      await checkInstalled(parts, appId, message.installedAppId)
      parts.onChange(message)
      return PLAIN_ANSWERS[message.kind]
  }
}

type Install = Extract<Message, { kind: 'install' | 'update' }>

async function install(parts: ActParts, { kind, app, tokens }: Install): Promise<object> {
  await checkOwner(parts, app)
  await parts.installations.save(app, tokens)
  parts.onChange({ kind: kind === 'install' ? 'installed' : 'updated', app })
  return PLAIN_ANSWERS[kind]
}

async function takeEvents(
  parts: ActParts,
  app: InstalledApp,
  events: readonly unknown[],
): Promise<object> {
  const { installedAppId } = app
  const batch = sortEvents(events, installedAppId)
  if (batch.readings.length > 0) {
    await checkOwner(parts, app)
    await parts.sink.accept(batch.readings, 'waited')
  }
  for (const skip of batch.skipped) parts.onSkip(skip)
  for (const lifecycle of batch.devicesChanged) {
    parts.onChange({ kind: 'devices_changed', installedAppId, lifecycle })
  }
  if (batch.removed) await remove(parts, installedAppId)
  return PLAIN_ANSWERS.event
}

async function remove(parts: ActParts, installedAppId: string): Promise<void> {
  await parts.installations.remove(installedAppId)
  parts.onChange({ kind: 'removed', installedAppId })
}

/**
 * The vendor's signature does not say which app it is for. Where the envelope does not say so either,
 * only an installation that is known is ours.
 */
async function checkInstalled(
  { installations }: ActParts,
  appId: string | undefined,
  installedAppId: string,
): Promise<void> {
  if (appId !== undefined || (await installations.find(installedAppId)) !== undefined) return
  throw otherApp(`the installation ${installedAppId}`)
}

async function checkOwner({ owners }: ActParts, app: InstalledApp): Promise<void> {
  if (await owners.owns(app.locationId, app.installedAppId)) return
  const message = `another hub carries the readings of the location ${app.locationId}`
  const hint = 'let one of the two go: the agent in the house, or this installation'
  throw new HubleafError('location_claimed', message, { hint })
}

function otherApp(whose: string): HubleafError {
  const message = `the request is for ${whose}, which is not known here`
  const hint = 'compare the configured app id with that at the vendor; install the app again'
  return new HubleafError('webhook_app_unknown', message, { hint })
}
