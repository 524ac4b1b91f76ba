// What the bridges of one broker have said of their devices, in a small file from one start to the
// next: the messages that waited for us come before a bridge says it again. Written only when it
// differs; a file that cannot be read is as good as none, since the bridge will say it all again.

import { join } from 'node:path'
import { readIfThere, writeDurably } from '../../../base/durable-file.ts'
import { messageOf } from '../../../base/errors.ts'
import { ensureFolder } from '../../../base/folder.ts'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json.ts'
import type { Logger } from '../../../base/log.ts'
import type { BridgeMemory } from './zigbee2mqtt.ts'

/** The memory in `FOLDER/NAME.json`. */
export function bridgeMemory(folder: string, name: string, log: Logger): BridgeMemory {
  const file = join(folder, `${name}.json`)
  let kept: JsonObject = read(file, log)
  return {
    recall: (topic) => (Object.hasOwn(kept, topic) ? kept[topic] : undefined),
    keep(topic, devices) {
      if (JSON.stringify(kept[topic]) === JSON.stringify(devices)) return
      kept = { ...kept, [topic]: devices }
      try {
        ensureFolder(folder)
        writeDurably(file, `${JSON.stringify(kept, undefined, 1)}\n`)
      } catch (error) {
        log.warn('mqtt_memory_not_written', { file, reason: messageOf(error) })
      }
    },
  }
}

function read(file: string, log: Logger): JsonObject {
  try {
    const value = parseJson(readIfThere(file) ?? '{}')
    if (isJsonObject(value)) return value
    log.warn('mqtt_memory_unreadable', { file, reason: 'not a JSON object' })
  } catch (error) {
    log.warn('mqtt_memory_unreadable', { file, reason: messageOf(error) })
  }
  return {}
}
