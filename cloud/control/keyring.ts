// Operator, accounts and users of the NATS cloud: seeds are made on the first start and kept in files
// of mode 0600; a JWT is signed anew only when what it says has changed in this program: a server that
// was left behind still has the right configuration.
//
// One account per hub, which imports from the CLOUD account that owns the streams: in a shared account
// a hub could forge another's acknowledgements.

import { join } from 'node:path'
import { fmtCreds, fromSeed, encodeAccount, encodeOperator, encodeUser } from '@nats-io/jwt'
import { createAccount, createOperator, createUser } from '@nats-io/jwt'
import type { Account, KeyPair, User } from '@nats-io/jwt'
import { readIfThere, writeDurably } from '../../base/durable-file.ts'
import { ensureFolder } from '../../base/folder.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { hubReadings, hubReply, hubRequest } from '../../wire/subject.ts'
import type { HubId } from '../../wire/ids.ts'

/** A signed account. */
export interface SignedAccount {
  /** Public key, `A…`. */
  readonly id: string
  readonly jwt: string
}

/** What servers and clients need of the keyring. */
export interface Keyring {
  readonly operatorJwt: string
  readonly system: SignedAccount
  readonly cloud: SignedAccount
  readonly hubs: ReadonlyMap<HubId, SignedAccount>
  /** Credentials file of the cloud's own processes. */
  readonly cloudCredentials: string
  /** Credentials file of the system account, for monitoring and account updates. */
  readonly systemCredentials: string
  /** Credentials file of each hub's leaf. */
  readonly hubCredentials: ReadonlyMap<HubId, string>
}

// −1 is "no limit"; an account without limits in its JWT has none of the resource at all.
const UNLIMITED = { subs: -1, data: -1, payload: -1 }
const ACCOUNT_LIMITS = {
  ...UNLIMITED,
  ...{ imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
}
const JETSTREAM_LIMITS = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 }

/** Opens the keyring in `folder`, making what is missing, with an account for each hub. */
export async function openKeyring(folder: string, hubs: readonly HubId[]): Promise<Keyring> {
  ensureFolder(folder)
  const operator = keep(folder, 'operator', createOperator)
  const systemKey = keep(folder, 'system', createAccount)
  const cloudKey = keep(folder, 'cloud', createAccount)
  const systemId = systemKey.getPublicKey()
  const cloudId = cloudKey.getPublicKey()
  const sign = async (name: string, key: KeyPair, account: Partial<Account>) => ({
    id: key.getPublicKey(),
    jwt: keepJwt(folder, name, await encodeAccount(name, key, account, { signer: operator })),
  })
  const hubAccounts = new Map<HubId, SignedAccount>()
  const hubCredentials = new Map<HubId, string>()
  for (const hub of hubs) {
    const key = keep(folder, `hub-${hub}`, createAccount)
    hubAccounts.set(hub, await sign(`HUB-${hub}`, key, hubAccount(hub, cloudId)))
    hubCredentials.set(hub, await credentials(folder, `hub-${hub}`, key, hubUser(hub)))
  }
  const facts = { system_account: systemId }
  return {
    operatorJwt: keepJwt(folder, 'operator', await encodeOperator('hubleaf', operator, facts)),
    system: await sign('SYSTEM', systemKey, { limits: ACCOUNT_LIMITS }),
    cloud: await sign('CLOUD', cloudKey, cloudAccount()),
    hubs: hubAccounts,
    cloudCredentials: await credentials(folder, 'cloud', cloudKey, { ...UNLIMITED }),
    systemCredentials: await credentials(folder, 'system', systemKey, { ...UNLIMITED }),
    hubCredentials,
  }
}

function cloudAccount(): Partial<Account> {
  return {
    limits: { ...ACCOUNT_LIMITS, ...JETSTREAM_LIMITS },
    exports: [
      { name: 'readings', subject: 'readings.>', type: 'service' },
      { name: 'replies', subject: 'hub.*.reply.>', type: 'service' },
      { name: 'requests', subject: 'hub.*.rpc.>', type: 'stream' },
    ],
  }
}

function hubAccount(hub: HubId, cloudId: string): Partial<Account> {
  const from = { account: cloudId }
  return {
    limits: ACCOUNT_LIMITS,
    imports: [
      { ...from, name: 'readings', subject: hubReadings(hub), type: 'service' },
      { ...from, name: 'replies', subject: hubReply(hub, '>'), type: 'service' },
      { ...from, name: 'requests', subject: hubRequest(hub, '>'), type: 'stream' },
    ],
  }
}

/** A leaf needs `>` after its own prefix: with `*` the interest never reaches it. */
function hubUser(hub: HubId): Partial<User> {
  return {
    ...UNLIMITED,
    pub: { allow: [hubReadings(hub), hubReply(hub, '>')] },
    sub: { allow: [`_INBOX.${hub}.>`, hubRequest(hub, '>')] },
    allowed_connection_types: ['LEAFNODE', 'LEAFNODE_WS'],
  }
}

async function credentials(
  folder: string,
  name: string,
  account: KeyPair,
  user: Partial<User>,
): Promise<string> {
  const key = keep(folder, `${name}-user`, createUser)
  const jwt = keepJwt(folder, `${name}-user`, await encodeUser(name, key, account, user))
  const file = join(folder, `${name}.creds`)
  writeDurably(file, fmtCreds(jwt, key))
  return file
}

/** The key pair under this name; made and written before it is used for the first time. */
function keep(folder: string, name: string, make: () => KeyPair): KeyPair {
  const file = join(folder, `${name}.nk`)
  const seed = readIfThere(file)
  if (seed !== undefined) return fromSeed(new TextEncoder().encode(seed.trim()))
  const made = make()
  writeDurably(file, made.getSeed())
  return made
}

/** The JWT kept under this name if it says the same as `fresh`, else `fresh`, which is kept. */
function keepJwt(folder: string, name: string, fresh: string): string {
  const file = join(folder, `${name}.jwt`)
  const kept = readIfThere(file)
  if (kept !== undefined && claimsOf(kept) === claimsOf(fresh)) return kept
  writeDurably(file, fresh)
  return fresh
}

/** All that a JWT says, but when it was signed; nothing for a text that is no JWT. */
function claimsOf(jwt: string): string | undefined {
  const payload = parseJson(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
  if (!isJsonObject(payload)) return undefined
  return JSON.stringify({ ...payload, iat: undefined, jti: undefined })
}
