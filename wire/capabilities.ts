// SmartThings capabilities and attributes to sensor types. Sources map, the cloud never does: a
// reading carries its type. A capability that is not here is forwarded as `custom`.

import { parseSensorType } from './ids.ts'
import type { TypeName } from './ids.ts'

const TYPE_BY_ATTRIBUTE: { readonly [attribute: string]: string } = {
  'temperatureMeasurement.temperature': 'temperature',
  'relativeHumidityMeasurement.humidity': 'humidity',
  'motionSensor.motion': 'motion',
  'occupancySensor.occupancy': 'occupancy',
  'presenceSensor.presence': 'presence',
  'multipleZonePresence.zoneState': 'presence_zones',
  'contactSensor.contact': 'contact',
  'doorControl.door': 'door',
  'windowShade.windowShade': 'shade',
  'valve.valve': 'valve',
  'lock.lock': 'lock',
  'switch.switch': 'switch',
  'switchLevel.level': 'level',
  'button.button': 'button',
  'illuminanceMeasurement.illuminance': 'illuminance',
  'relativeBrightness.brightnessIntensity': 'brightness',
  'ultravioletIndex.ultravioletIndex': 'ultraviolet',
  'battery.battery': 'battery',
  'batteryLevel.battery': 'battery_level',
  'powerSource.powerSource': 'power_source',
  'powerMeter.power': 'power',
  'energyMeter.energy': 'energy',
  // The report is one object; its source splits it into these two.
  'powerConsumptionReport.energy': 'energy',
  'powerConsumptionReport.power': 'power',
  'voltageMeasurement.voltage': 'voltage',
  'currentMeasurement.current': 'current',
  'waterSensor.water': 'water',
  'rainSensor.rain': 'rain',
  'smokeDetector.smoke': 'smoke',
  'carbonMonoxideDetector.carbonMonoxide': 'carbon_monoxide',
  'carbonMonoxideMeasurement.carbonMonoxideLevel': 'co_level',
  'gasDetector.gas': 'gas',
  'carbonDioxideMeasurement.carbonDioxide': 'co2',
  'equivalentCarbonDioxideMeasurement.equivalentCarbonDioxideMeasurement': 'eco2',
  'tvocMeasurement.tvocLevel': 'tvoc',
  'formaldehydeMeasurement.formaldehydeLevel': 'formaldehyde',
  'dustSensor.dustLevel': 'pm10',
  'dustSensor.fineDustLevel': 'pm2_5',
  'fineDustSensor.fineDustLevel': 'pm2_5',
  'veryFineDustSensor.veryFineDustLevel': 'pm1',
  'ozoneMeasurement.ozone': 'ozone',
  'nitrogenDioxideMeasurement.nitrogenDioxide': 'no2',
  'radonMeasurement.radonLevel': 'radon',
  'airQualitySensor.airQuality': 'air_quality',
  'airQualityHealthConcern.airQualityHealthConcern': 'air_quality_level',
  'carbonDioxideHealthConcern.carbonDioxideHealthConcern': 'air_quality_level',
  'carbonMonoxideHealthConcern.carbonMonoxideHealthConcern': 'air_quality_level',
  'dustHealthConcern.dustHealthConcern': 'air_quality_level',
  'fineDustHealthConcern.fineDustHealthConcern': 'air_quality_level',
  'veryFineDustHealthConcern.veryFineDustHealthConcern': 'air_quality_level',
  'formaldehydeHealthConcern.formaldehydeHealthConcern': 'air_quality_level',
  'nitrogenDioxideHealthConcern.nitrogenDioxideHealthConcern': 'air_quality_level',
  'ozoneHealthConcern.ozoneHealthConcern': 'air_quality_level',
  'radonHealthConcern.radonHealthConcern': 'air_quality_level',
  'tvocHealthConcern.tvocHealthConcern': 'air_quality_level',
  'odorSensor.odorLevel': 'odor',
  'atmosphericPressureMeasurement.atmosphericPressure': 'pressure',
  'waterPressureMeasurement.pressure': 'water_pressure',
  'dewPoint.dewpoint': 'dew_point',
  'precipitationMeasurement.precipitationLevel': 'precipitation',
  'precipitationRate.precipitationRate': 'precipitation_rate',
  'windSpeed.windspeed': 'wind_speed',
  'soundSensor.sound': 'sound',
  'soundPressureLevel.soundPressureLevel': 'sound_pressure',
  'soundDetection.soundDetected': 'sound_event',
  'accelerationSensor.acceleration': 'acceleration',
  'threeAxis.threeAxis': 'three_axis',
  'shockSensor.shock': 'shock',
  'movementSensor.movement': 'movement',
  'tamperAlert.tamper': 'tamper',
  'panicAlarm.panicAlarm': 'panic',
  'alarm.alarm': 'alarm',
  'temperatureAlarm.temperatureAlarm': 'temperature_alarm',
  'hardwareFault.hardwareFault': 'fault',
  'filterStatus.filterStatus': 'filter',
  'waterMeter.waterMeter': 'water_volume',
  'flowMeasurement.flow': 'flow',
  'waterFlowAlarm.rateAlarm': 'water_flow_alarm',
  'waterFlowAlarm.volumeAlarm': 'water_flow_alarm',
  'gasMeter.gasMeter': 'gas_energy',
  'gasMeter.gasMeterVolume': 'gas_volume',
  'pHMeasurement.pH': 'ph',
  'bodyWeightMeasurement.bodyWeightMeasurement': 'weight',
  'sleepSensor.sleeping': 'sleep',
  'stepSensor.steps': 'steps',
  'temperatureSetpoint.temperatureSetpoint': 'setpoint',
  'thermostatHeatingSetpoint.heatingSetpoint': 'setpoint_heat',
  'thermostatCoolingSetpoint.coolingSetpoint': 'setpoint_cool',
  'thermostatMode.thermostatMode': 'thermostat_mode',
  'thermostatOperatingState.thermostatOperatingState': 'thermostat_state',
  'thermostatFanMode.thermostatFanMode': 'fan_mode',
  'signalStrength.rssi': 'rssi',
  'signalStrength.lqi': 'lqi',
  'chargingState.chargingState': 'charging',
  'evseState.state': 'charging',
  'evseChargingSession.chargingState': 'charging',
  'vehicleBattery.batteryLevel': 'vehicle_battery',
  'samsungce.waterConsumptionReport.waterConsumption': 'water_volume',
  'healthCheck.DeviceWatch-DeviceStatus': 'availability',
}

/** The sensor type of a capability's attribute; `custom` where the table has none. */
export function typeOfAttribute(capability: string, attribute: string): TypeName {
  const key = `${capability}.${attribute}`
  const found = Object.hasOwn(TYPE_BY_ATTRIBUTE, key) ? TYPE_BY_ATTRIBUTE[key] : undefined
  const type = parseSensorType(found ?? 'custom')
  if (type === undefined) throw new RangeError(`the table maps ${key} to no type`)
  return type
}

/** All mapped attributes with their type, for the test that compares both tables. */
export function mappedAttributes(): readonly (readonly [attribute: string, type: string])[] {
  return Object.entries(TYPE_BY_ATTRIBUTE)
}

const TYPE_BY_NAME: ReadonlyMap<string, string> = new Map(
  Object.entries(TYPE_BY_ATTRIBUTE)
    .map(([key, type]): [string, string] => [key.slice(key.lastIndexOf('.') + 1), type])
    .reverse(),
)

/**
 * The sensor type of an attribute whose capability is not known, as older bridges send it; `custom` where
 * no capability has one of that name. Where several have, the first of the table counts (`battery`).
 */
export function typeOfAttributeName(attribute: string): TypeName {
  const type = parseSensorType(TYPE_BY_NAME.get(attribute) ?? 'custom')
  if (type === undefined) throw new RangeError(`the table maps ${attribute} to no type`)
  return type
}
