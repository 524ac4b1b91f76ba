// Where a login is kept. `login.json` belongs to the agent, which replaces the tokens in it; the verb
// `hubleaf smartthings login` leaves a new login beside it as `login-new.json`, and the agent takes
// it from there. So each file has one writer, and a login that is repeated disturbs no renewal.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { readIfThere, replaceDurably } from '../../../base/durable-file.ts'
import { ensureFolder } from '../../../base/folder.ts'
import { parseJson } from '../../../base/json.ts'
import { isToken } from './credentials.ts'

const token = z.string().refine(isToken)

/** A login of an app; times are epoch ms. */
export const loginSchema = z.strictObject({
  /** Made with each login, kept by renewals: tells a repeated login from a known one. */
  id: z.string(),
  client_id: z.string().min(1),
  client_secret: z.string().min(1),
  access_token: token,
  refresh_token: token,
  obtained_at: z.number(),
  expires_at: z.number(),
  scopes: z.array(z.string()),
  installed_app_id: z.string().optional(),
  /** Set when the cloud will not renew it any more. */
  dead: z.strictObject({ since: z.number(), reason: z.string() }).optional(),
})

/** A login of an app. */
export type Login = z.output<typeof loginSchema>

/** What `login.json` holds: nothing before the first login. */
export const loginFileSchema = z.strictObject({ login: loginSchema.optional() })

/** The files in an agent's data folder. */
export function smartThingsFiles(dataDir: string) {
  const folder = join(dataDir, 'smartthings')
  return {
    folder,
    login: join(folder, 'login.json'),
    newLogin: join(folder, 'login-new.json'),
    usage: join(folder, 'usage.json'),
  }
}

/** Leaves a new login for the agent. Throws `folder_unusable` and the system's errors. */
export async function leaveLogin(dataDir: string, login: Login): Promise<void> {
  const { folder, newLogin } = smartThingsFiles(dataDir)
  ensureFolder(folder)
  await replaceDurably(newLogin, `${JSON.stringify(login, undefined, 2)}\n`)
}

/** A login that waits for the agent; undefined if there is none, or what is there is none. */
export function waitingLogin(file: string): Login | undefined {
  const text = readIfThere(file)
  return text === undefined ? undefined : loginSchema.safeParse(parseJson(text)).data
}

/** Removes a login that was taken. */
export async function removeWaiting(file: string): Promise<void> {
  await rm(file, { force: true })
}
