// What the vendor gets for each of its messages when all went well: pure. The app shows one page that
// asks nothing, because it takes every sensor of the location it is installed in.

/** The app as the vendor's mobile application shows it. */
export interface AppFace {
  readonly name: string
  readonly description: string
  /** Scopes that an installation grants, as the vendor writes them. */
  readonly permissions: readonly string[]
}

/** Reading is all that the app asks for: sensors, where they are, and whether their hub is up. */
export const HUBLEAF_FACE: AppFace = {
  name: 'Hubleaf',
  description: 'Keeps the readings of all sensors of this location.',
  permissions: ['r:devices:*', 'r:locations:*', 'r:hubs:*'],
}

/** Answers to messages that need no more than to be heard. */
export const PLAIN_ANSWERS = {
  install: { installData: {} },
  update: { updateData: {} },
  event: { eventData: {} },
  uninstall: { uninstallData: {} },
  oauth_callback: { oAuthCallbackData: {} },
  execute: { executeData: {} },
} as const

const PAGE_ID = '1'

/** The answer to CONFIGURATION INITIALIZE. */
export function initializeAnswer(face: AppFace): object {
  const { name, description, permissions } = face
  const shown = { disableCustomDisplayName: false, disableRemoveApp: false }
  const initialize = { id: 'app', name, description, permissions, firstPageId: PAGE_ID, ...shown }
  return { configurationData: { initialize } }
}

/** The answer to CONFIGURATION PAGE: one page, complete. */
export function pageAnswer({ name, description }: AppFace): object {
  const about = { id: 'about', name, description, type: 'PARAGRAPH', required: false }
  const order = { nextPageId: null, previousPageId: null, complete: true }
  const page = { pageId: PAGE_ID, name, ...order, sections: [{ name, settings: [about] }] }
  return { configurationData: { page } }
}
