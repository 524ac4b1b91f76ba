import { readFileSync } from 'node:fs'
import t from 'tap'
import { mappedAttributes, typeOfAttribute } from './capabilities.ts'
import { sensorType, knownTypes } from './types.ts'

const TABLE = readFileSync(new URL('../test/fixtures/capability-table.md', import.meta.url), 'utf8')

// What the table says in words, written out; each line replaces the first cell that starts so.
const IN_WORDS: readonly (readonly [start: string, pairs: readonly string[]])[] = [
  [
    'ozone / nitrogenDioxide / radonMeasurement.*',
    [
      'ozoneMeasurement.ozone=ozone',
      'nitrogenDioxideMeasurement.nitrogenDioxide=no2',
      'radonMeasurement.radonLevel=radon',
    ],
  ],
  [
    'powerConsumptionReport',
    ['powerConsumptionReport.energy=energy', 'powerConsumptionReport.power=power'],
  ],
  [
    'airQualityHealthConcern',
    [
      ...['airQuality', 'carbonDioxide', 'carbonMonoxide', 'dust', 'fineDust', 'veryFineDust'],
      ...['formaldehyde', 'nitrogenDioxide', 'ozone', 'radon', 'tvoc'],
    ].map((gas) => `${gas}HealthConcern.${gas}HealthConcern=airQualityLevel`),
  ],
  // Millimetres per hour do not add up as millimetres do.
  [
    'precipitationMeasurement',
    [
      'precipitationMeasurement.precipitationLevel=precipitation',
      'precipitationRate.precipitationRate=precipitationRate',
    ],
  ],
  ['waterMeter.*', ['waterMeter.waterMeter=waterVolume', 'flowMeasurement.flow=flow']],
  // Kilowatt hours are energy, whatever they were made of.
  ['gasMeter.gasMeter', ['gasMeter.gasMeter=gasEnergy', 'gasMeter.gasMeterVolume=gasVolume']],
  [
    'thermostatHeatingSetpoint',
    [
      'thermostatHeatingSetpoint.heatingSetpoint=setpoint.heat',
      'thermostatCoolingSetpoint.coolingSetpoint=setpoint.cool',
      'temperatureSetpoint.temperatureSetpoint=setpoint',
    ],
  ],
  [
    'chargingState',
    [
      'chargingState.chargingState=charging',
      'vehicleBattery.batteryLevel=vehicleBattery',
      'evseState.state=charging',
      'evseChargingSession.chargingState=charging',
    ],
  ],
]

/** The `capability.attribute=type` pairs of one row, with the table's own type names. */
function pairsOf(attributes: string, type: string): readonly string[] {
  const worded = IN_WORDS.find(([start]) => attributes.startsWith(start))
  if (worded !== undefined) return worded[1]
  const capability = attributes.slice(0, attributes.lastIndexOf('.', attributes.search(/[ ,/]|$/)))
  const names = attributes.split(/, | \/ /)
  const types = type.replace(/ \(.*\)/, '').split(' / ')
  return names.map((name, place) => {
    const attribute = name.startsWith('.') ? name.slice(1) : name
    const full = attribute.includes('.') ? attribute : `${capability}.${attribute}`
    return `${full}=${types[place] ?? types[0] ?? ''}`
  })
}

function rows(): readonly string[] {
  const lines = TABLE.split('\n').filter((line) => /^\| [^C-]/.test(line))
  return lines.flatMap((line) => {
    const [, attributes = '', , , type = ''] = line.split('|').map((cell) => cell.trim())
    return pairsOf(attributes, type)
  })
}

/** `pm2.5` and `dewPoint` as type names: `pm2_5`, `dew_point`. */
function snake(name: string): string {
  return name.replace('.', '_').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

t.test('each attribute of the table has its type', async (t) => {
  const pairs = rows()
  t.ok(pairs.length >= 95, `${pairs.length} attributes`)
  for (const pair of pairs) {
    const [name = '', type = ''] = pair.split('=')
    const dot = name.lastIndexOf('.')
    t.equal(typeOfAttribute(name.slice(0, dot), name.slice(dot + 1)), snake(type), name)
  }
})

t.test('nothing is mapped that the table does not have', async (t) => {
  const listed = new Set(rows().map((pair) => pair.split('=')[0]))
  t.strictSame(
    mappedAttributes().filter(([name]) => !listed.has(name)),
    [],
  )
})

t.test('each mapped type is described', async (t) => {
  const known = new Set(knownTypes())
  for (const [name, type] of mappedAttributes()) t.ok(known.has(type), `${name}: ${type}`)
})

t.test('an attribute that nobody mapped is custom', async (t) => {
  t.equal(typeOfAttribute('samsungce.x', 'y'), 'custom')
  t.equal(typeOfAttribute('constructor', 'name'), 'custom')
  t.equal(sensorType('custom').unit, undefined)
})
