// The devices of the simulated SmartThings house: what each model has and how its attributes move.
// The set covers what real payloads were seen to do: several components, numbers as texts, values
// that are null, units that are missing, objects and arrays, vendor capabilities, a hub without status.

import { isoTime } from '../../base/clock.ts'
import { numberAt } from '../../base/json.ts'
import type { AttributeModel, DeviceModel, Moment, AttributeValue } from './models.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const phaseOf = (at: number): number => (at % DAY_MS) / DAY_MS
const warmth = (at: number): number => -Math.cos(2 * Math.PI * (phaseOf(at) - 1 / 6))
const daylight = (at: number): number => Math.max(0, Math.sin(2 * Math.PI * (phaseOf(at) - 0.25)))
const tenths = (value: number): number => Math.round(value * 10) / 10
const numberOf = (value: AttributeValue): number => (typeof value === 'number' ? value : 0)

type Value = (moment: Moment) => AttributeValue

const around =
  (mean: number, swing: number, noise: number): Value =>
  ({ at, chance }) =>
    tenths(mean + swing * warmth(at) + noise * (2 * chance() - 1))
const whole =
  (value: Value): Value =>
  (moment) =>
    Math.round(numberOf(value(moment)))
const asText =
  (value: Value): Value =>
  (moment) =>
    JSON.stringify(value(moment))
const oneOf =
  (...words: readonly string[]): Value =>
  ({ chance }) =>
    words[Math.floor(chance() * words.length)] ?? ''
const rising =
  (start: number, step: number): Value =>
  ({ last, chance }) =>
    last === null ? start : Math.round((numberOf(last) + step * chance()) * 1000) / 1000
const fixed =
  (value: AttributeValue): Value =>
  () =>
    value

function attribute(path: string, everyMs: number, value: Value, unit?: string): AttributeModel {
  const [component = '', capability = '', name = ''] = path.split('/')
  const named = { component, capability, attribute: name, everyMs, value }
  return unit === undefined ? named : { ...named, unit }
}

const never = (path: string): AttributeModel => attribute(path, 0, fixed(null))
const temperature = (unit: string | undefined, value: Value, component = 'main') => [
  never(`${component}/temperatureMeasurement/temperatureRange`),
  attribute(`${component}/temperatureMeasurement/temperature`, 2 * MINUTE_MS, value, unit),
]
const humidity = (value: Value) =>
  attribute('main/relativeHumidityMeasurement/humidity', 3 * MINUTE_MS, value, '%')
const battery = (level: number) => [
  never('main/battery/quantity'),
  attribute('main/battery/battery', 12 * HOUR_MS, fixed(level), '%'),
  never('main/battery/type'),
]

/** The object of a power report; `energy` counts up by what its quarter of an hour took. */
const powerReport: Value = ({ at, last, chance }) => {
  const deltaEnergy = Math.round(100 + 300 * chance())
  const energy = (numberAt(last, 'energy') ?? 318_000) + deltaEnergy
  const seconds = (ms: number): string => `${isoTime(ms).slice(0, 19)}Z`
  const times = { start: seconds(at - 15 * MINUTE_MS), end: seconds(at) }
  const power = { power: 4 * deltaEnergy, powerEnergy: deltaEnergy, energySaved: 0 }
  return { ...times, energy, deltaEnergy, ...power, persistedEnergy: energy }
}

const buttonsOf = (component: string, count: number) => [
  attribute(`${component}/button/button`, 2 * HOUR_MS, oneOf('pushed', 'pushed', 'held', 'double')),
  attribute(`${component}/button/numberOfButtons`, DAY_MS, fixed(count)),
  attribute(
    `${component}/button/supportedButtonValues`,
    DAY_MS,
    fixed(['pushed', 'held', 'double']),
  ),
]

const hub: DeviceModel = {
  ...{ name: 'SmartThings v3 Hub', label: 'Home Hub', type: 'HUB', category: 'Hub' },
  attributes: [],
  bare: ['main/bridge'],
}

const doorSensor: DeviceModel = {
  ...{
    name: 'multi-sensor',
    label: 'Front Door',
    type: 'ZIGBEE',
    category: 'MultiFunctionalSensor',
  },
  attributes: [
    attribute('main/contactSensor/contact', 20 * MINUTE_MS, oneOf('open', 'closed')),
    ...temperature('C', around(20.5, 1.5, 0.3)),
    attribute(
      'main/threeAxis/threeAxis',
      30 * MINUTE_MS,
      ({ chance }) => [Math.round(40 * chance()), -1012, Math.round(-60 * chance())],
      'mG',
    ),
    attribute('main/accelerationSensor/acceleration', 25 * MINUTE_MS, oneOf('active', 'inactive')),
    ...battery(87),
    never('main/tamperAlert/tamper'),
    attribute('main/signalStrength/rssi', 10 * MINUTE_MS, whole(around(-62, 0, 6)), 'dBm'),
    attribute('main/signalStrength/lqi', 10 * MINUTE_MS, whole(around(170, 0, 20))),
    attribute('main/firmwareUpdate/updateAvailable', DAY_MS, fixed(false)),
    never('main/firmwareUpdate/lastUpdateTime'),
  ],
  bare: ['main/refresh'],
}

const motionSensor: DeviceModel = {
  ...{ name: 'motion-sensor', label: 'Hall Motion', type: 'ZIGBEE', category: 'MotionSensor' },
  attributes: [
    attribute('main/motionSensor/motion', 4 * MINUTE_MS, oneOf('active', 'inactive')),
    attribute(
      'main/illuminanceMeasurement/illuminance',
      5 * MINUTE_MS,
      ({ at, chance }) => Math.round(2 + 600 * daylight(at) + 8 * chance()),
      'lux',
    ),
    ...temperature('F', around(68, 3, 0.6)),
    humidity(around(44, -6, 1)),
    ...battery(100),
  ],
  bare: ['main/refresh'],
}

const setpoint: Value = ({ chance }) => 17 + Math.floor(chance() * 10) / 2
const MODES = ['off', 'heat', 'cool', 'auto']
const thermostat: DeviceModel = {
  ...{ name: 'thermostat', label: 'Living Thermostat', type: 'MATTER', category: 'Thermostat' },
  attributes: [
    ...temperature('C', around(20.8, 0.6, 0.2)),
    humidity(whole(around(47, -4, 2))),
    {
      ...attribute('main/thermostatMode/thermostatMode', 6 * HOUR_MS, oneOf('heat', 'auto')),
      data: { supportedThermostatModes: MODES },
    },
    attribute('main/thermostatMode/supportedThermostatModes', DAY_MS, fixed(MODES)),
    never('main/thermostatFanMode/thermostatFanMode'),
    attribute(
      'main/thermostatOperatingState/thermostatOperatingState',
      20 * MINUTE_MS,
      oneOf('idle', 'heating', 'pending heat', 'fan only'),
    ),
    attribute('main/thermostatHeatingSetpoint/heatingSetpoint', 8 * HOUR_MS, setpoint, 'C'),
    ...battery(64),
  ],
  bare: ['main/refresh'],
}

const plug: DeviceModel = {
  ...{ name: 'metering-plug', label: 'Heater Plug', type: 'ZIGBEE', category: 'SmartPlug' },
  attributes: [
    attribute('main/switch/switch', 40 * MINUTE_MS, oneOf('on', 'off')),
    attribute('main/powerMeter/power', MINUTE_MS, around(700, 500, 200), 'W'),
    attribute('main/energyMeter/energy', 5 * MINUTE_MS, rising(318.42, 0.1), 'kWh'),
    attribute('main/powerConsumptionReport/powerConsumption', 15 * MINUTE_MS, powerReport),
    attribute('main/voltageMeasurement/voltage', 5 * MINUTE_MS, around(231, 1, 2), 'V'),
    attribute('main/currentMeasurement/current', 5 * MINUTE_MS, around(3, 2, 1), 'A'),
  ],
  bare: ['main/refresh'],
}

const airMonitor: DeviceModel = {
  ...{ name: 'air-monitor', label: 'Bedroom Air', type: 'VIPER', category: 'AirQualityDetector' },
  attributes: [
    attribute(
      'main/carbonDioxideMeasurement/carbonDioxide',
      2 * MINUTE_MS,
      whole(around(640, -180, 15)),
      'ppm',
    ),
    attribute('main/dustSensor/dustLevel', 5 * MINUTE_MS, whole(around(18, 4, 5)), 'μg/m^3'),
    attribute(
      'main/fineDustSensor/fineDustLevel',
      5 * MINUTE_MS,
      asText(whole(around(9, 2, 3))),
      'μg/m^3',
    ),
    attribute('main/tvocMeasurement/tvocLevel', 5 * MINUTE_MS, whole(around(120, 30, 30)), 'ppb'),
    attribute('main/airQualitySensor/airQuality', 10 * MINUTE_MS, whole(around(3, 1, 1)), 'CAQI'),
    // This vendor gives no unit with its temperature, and humidity as a text.
    ...temperature(undefined, around(19.4, 0.8, 0.2)),
    humidity(asText(whole(around(51, -5, 2)))),
    attribute('main/healthCheck/DeviceWatch-DeviceStatus', 6 * HOUR_MS, fixed('online')),
  ],
}

const leakSensor: DeviceModel = {
  ...{ name: 'leak-sensor', label: 'Basement Leak', type: 'ZWAVE', category: 'LeakSensor' },
  keepsTime: true,
  attributes: [
    attribute('main/waterSensor/water', 3 * HOUR_MS, fixed('dry')),
    ...temperature('F', whole(around(55, 2, 1))),
    attribute('main/temperatureAlarm/temperatureAlarm', 6 * HOUR_MS, fixed('cleared')),
    ...battery(1),
    attribute('main/powerSource/powerSource', DAY_MS, fixed('battery')),
  ],
}

const remote: DeviceModel = {
  ...{
    name: 'two-button-remote',
    label: 'Bedside Remote',
    type: 'ZIGBEE',
    category: 'RemoteController',
  },
  attributes: [
    ...buttonsOf('main', 2),
    ...battery(71),
    ...buttonsOf('button1', 1),
    ...buttonsOf('button2', 1),
  ],
}

const relays: DeviceModel = {
  ...{ name: 'double-relay', label: 'Garden Relays', type: 'LAN', category: 'Switch' },
  attributes: [
    attribute('main/switch/switch', 30 * MINUTE_MS, oneOf('on', 'off')),
    attribute('relay2/switch/switch', 30 * MINUTE_MS, oneOf('on', 'off')),
    attribute('relay2/switchLevel/level', 45 * MINUTE_MS, whole(around(50, 0, 50)), '%'),
  ],
}

const fridge: DeviceModel = {
  ...{ name: 'refrigerator', label: 'Kitchen Fridge', type: 'OCF', category: 'Refrigerator' },
  attributes: [
    ...temperature('C', around(4, 0, 1), 'cooler'),
    ...temperature('C', around(-18, 0, 1), 'freezer'),
    attribute('cooler/contactSensor/contact', 30 * MINUTE_MS, oneOf('open', 'closed')),
    // A capability that the vendor switched off: its value means nothing.
    attribute('main/relativeHumidityMeasurement/humidity', HOUR_MS, fixed(0), '%'),
    attribute(
      'main/custom.disabledCapabilities/disabledCapabilities',
      DAY_MS,
      fixed(['relativeHumidityMeasurement']),
    ),
    attribute(
      'main/samsungce.waterConsumptionReport/waterConsumption',
      HOUR_MS,
      ({ last, at, chance }) => ({
        cumulativeAmount: (numberAt(last, 'cumulativeAmount') ?? 0) + Math.round(900 * chance()),
        time: isoTime(at),
      }),
    ),
  ],
  bare: ['main/execute'],
}

const camera: DeviceModel = {
  ...{ name: 'camera', label: 'Porch Camera', type: 'VIDEO', category: 'Camera', restricted: true },
  attributes: [attribute('main/motionSensor/motion', 10 * MINUTE_MS, oneOf('active', 'inactive'))],
}

/** One of each; a bigger house repeats all but the hub. */
export const MODELS: readonly [hub: DeviceModel, ...rest: DeviceModel[]] = [
  ...([hub, doorSensor, motionSensor, thermostat, plug, airMonitor, leakSensor] as const),
  ...[remote, relays, fridge, camera],
]
