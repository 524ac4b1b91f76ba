// The one file that imports the SmartThings SDK. The SDK knows the paths, parameters and types of each
// resource; its way to the network is replaced by ours, since it has no timeout, no signal and no
// bound, follows redirects with the token, and pages so that items are lost. See decision 0012.

import {
  DevicesEndpoint,
  EndpointClient,
  HistoryEndpoint,
  LocationsEndpoint,
  NoOpAuthenticator,
  RoomsEndpoint,
  SubscriptionsEndpoint,
} from '@smartthings/core-sdk'
import type {
  EndpointClientConfig,
  EndpointClientRequestOptions,
  HttpClientMethod,
  HttpClientParams,
} from '@smartthings/core-sdk'
import * as z from 'zod'
import { HubleafError } from '../../../base/errors.ts'
import { isJsonObject, textAt } from '../../../base/json.ts'
import type { Caller } from './caller.ts'
import type { HttpRequest } from './transport.ts'

/** The SDK's resources for one call of ours: they end with the signal. */
export function sdkFor(caller: Caller, apiUrl: string, signal: AbortSignal) {
  const config = { authenticator: new NoOpAuthenticator(), urlProvider: { baseURL: apiUrl } }
  const client = (path: string) => new SafeClient(path, config, caller, signal)
  return {
    devices: new SafeDevices(config, client('devices')),
    locations: new SafeLocations(config, client('locations')),
    rooms: new SafeRooms(config, client('locations')),
    history: new SafeHistory(config, client('history')),
    subscriptions: new SafeSubscriptions(config, client('installedapps')),
  }
}

// Each resource makes its own client in its constructor; here it gets ours.

class SafeDevices extends DevicesEndpoint {
  constructor(config: EndpointClientConfig, client: EndpointClient) {
    super(config)
    this.client = client
  }
}

class SafeLocations extends LocationsEndpoint {
  constructor(config: EndpointClientConfig, client: EndpointClient) {
    super(config)
    this.client = client
  }
}

class SafeRooms extends RoomsEndpoint {
  constructor(config: EndpointClientConfig, client: EndpointClient) {
    super(config)
    this.client = client
  }
}

class SafeHistory extends HistoryEndpoint {
  constructor(config: EndpointClientConfig, client: EndpointClient) {
    super(config)
    this.client = client
  }
}

class SafeSubscriptions extends SubscriptionsEndpoint {
  constructor(config: EndpointClientConfig, client: EndpointClient) {
    super(config)
    this.client = client
  }

  /** `create` with the kind as text: the SDK's is an enum, which a text is not assignable to. */
  async post(installedAppId: string, body: unknown): Promise<unknown> {
    return this.client.post(`${installedAppId}/subscriptions`, body)
  }
}

/** Pages of one list; a cloud that never ends is given up. */
const PAGES_MAX = 100

/** Readings of the first pages of a list that goes over several, until none brings anything new. */
const PASSES_MAX = 3

class SafeClient extends EndpointClient {
  readonly #caller: Caller
  readonly #signal: AbortSignal

  constructor(path: string, config: EndpointClientConfig, caller: Caller, signal: AbortSignal) {
    super(path, config)
    this.#caller = caller
    this.#signal = signal
  }

  override async request<T = unknown>(
    method: HttpClientMethod,
    path?: string,
    data?: unknown,
    params?: HttpClientParams,
    options?: EndpointClientRequestOptions<T>,
  ): Promise<T> {
    const url = this.#urlOf(path, params)
    const verb = methodOf(method)
    const request: HttpRequest = {
      ...{ method: verb, url, label: `${verb} ${url.pathname}` },
      headers: {
        accept: 'application/json',
        ...lowerCased(options?.headerOverrides ?? {}),
        ...(data === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(data === undefined ? {} : { body: JSON.stringify(data) }),
    }
    // The SDK believes its answers; what comes out of it is checked by our shapes.
    return z.custom<T>().parse(await this.#caller.call(request, this.#signal))
  }

  /**
   * All items of all pages. Pages are counted by position: an item that goes away meanwhile moves
   * another one to a page that was read already. So a list of several pages is read again, all but
   * its last page, until that brings nothing new.
   */
  override async getPagedItems<T = unknown>(
    path?: string,
    params?: HttpClientParams,
    options?: EndpointClientRequestOptions<{ items: T[] }>,
  ): Promise<T[]> {
    const first = this.#urlOf(path, params)
    const found = new Map<string, unknown>()
    let pages = await this.#readPages(first, options?.headerOverrides, found)
    for (let pass = 1; pages > 1 && pass < PASSES_MAX; pass += 1) {
      const before = found.size
      pages = await this.#readPages(first, options?.headerOverrides, found, pages - 1)
      if (found.size === before) break
    }
    return z.custom<T[]>().parse([...found.values()])
  }

  /** Reads up to `most` pages into `found`; gives how many there are, as far as was read, plus one if more follow. */
  async #readPages(
    first: URL,
    headerOverrides: { [name: string]: string } | undefined,
    found: Map<string, unknown>,
    most = PAGES_MAX,
  ): Promise<number> {
    let at = first
    for (let page = 1; ; page += 1) {
      const options = headerOverrides === undefined ? {} : { headerOverrides }
      const body: unknown = await this.get(at.href, undefined, options)
      for (const item of itemsOf(body, at)) found.set(identityOf(item), item)
      const next = this.#nextOf(body)
      if (next === undefined) return page
      if (page >= most) {
        if (most < PAGES_MAX) return page + 1
        throw invalid(`GET ${first.pathname}: the list has no end after ${page} pages`)
      }
      at = next
    }
  }

  #nextOf(body: unknown): URL | undefined {
    const links = isJsonObject(body) ? body['_links'] : undefined
    const next = isJsonObject(links) ? links['next'] : undefined
    const href = textAt(next, 'href')
    return href === undefined || href === '' ? undefined : this.#urlOf(href)
  }

  /** The address of a path. Throws `smartthings_answer_invalid` for one on another host. */
  #urlOf(path = '', params: HttpClientParams = {}): URL {
    const { baseURL } = this.config.urlProvider
    const isOwn = path.startsWith('/') || /^https?:/i.test(path)
    const text = isOwn ? path : `/${this.basePath}${path === '' ? '' : `/${path}`}`
    const isWhole = /^https?:/i.test(text)
    const url = URL.canParse(isWhole ? text : `${baseURL}${text}`)
      ? new URL(isWhole ? text : `${baseURL}${text}`)
      : undefined
    if (url?.origin !== new URL(baseURL).origin) {
      throw invalid('the cloud named a next page on another host; it is not followed')
    }
    for (const [name, value] of Object.entries(params)) {
      for (const each of Array.isArray(value) ? value : [value])
        url.searchParams.append(name, String(each))
    }
    return url
  }
}

function invalid(message: string): HubleafError {
  return new HubleafError('smartthings_answer_invalid', message)
}

function itemsOf(body: unknown, url: URL): readonly unknown[] {
  const items = isJsonObject(body) ? body['items'] : undefined
  if (Array.isArray(items)) return items
  throw invalid(`GET ${url.pathname}: the answer holds no list`)
}

/** What makes two items one: the id, else the whole. */
function identityOf(item: unknown): string {
  const names = ['deviceId', 'roomId', 'id', 'locationId']
  const id = names.map((name) => textAt(item, name)).find((text) => text !== undefined)
  return id ?? JSON.stringify(item)
}

function methodOf(method: HttpClientMethod): HttpRequest['method'] {
  const verb = method.toUpperCase()
  if (verb === 'GET' || verb === 'POST' || verb === 'DELETE') return verb
  throw new HubleafError('internal', `the agent makes no ${verb} calls to SmartThings`)
}

function lowerCased(headers: { readonly [name: string]: string }): { [name: string]: string } {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}
