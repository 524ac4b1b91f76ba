// What a device of the simulated SmartThings house is made of: components with capabilities, and
// attributes that report from time to time. Shapes only; the models themselves are in catalogue.ts.

import type { Json } from '../../wire/reading.ts'

/** What an attribute may hold; many hold null until their device first reports. */
export type AttributeValue = Json | null

/** What a value may depend on. */
export interface Moment {
  /** Epoch ms. */
  readonly at: number
  /** The value before. */
  readonly last: AttributeValue
  /** Uniform in [0, 1). */
  readonly chance: () => number
}

/** One attribute of a model. */
export interface AttributeModel {
  readonly component: string
  readonly capability: string
  readonly attribute: string
  readonly unit?: string
  readonly data?: { readonly [key: string]: Json }
  /** Mean time from one report to the next, ms; 0: it never reports, and has no timestamp if null. */
  readonly everyMs: number
  readonly value: (moment: Moment) => AttributeValue
}

/** One kind of device. */
export interface DeviceModel {
  readonly name: string
  readonly label: string
  /** `type` of the device, e.g. ZIGBEE. */
  readonly type: string
  readonly category: string
  readonly attributes: readonly AttributeModel[]
  /** Capabilities without attributes, `component/capability`. */
  readonly bare?: readonly string[]
  /** A driver whose equal reports leave the timestamp as it was. */
  readonly keepsTime?: true
  /** Restricted devices are listed without status. */
  readonly restricted?: true
}
