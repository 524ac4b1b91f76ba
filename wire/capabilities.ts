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
