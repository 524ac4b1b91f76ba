// Numbers, sizes, times and tables as people read them. Pure. Text from readings is made harmless for
// a terminal: a device's name must not be able to steer the screen.

import { isoTime } from '../../base/clock.ts'

/** 1234567 as `1,234,567`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Bytes as `12.3 MB`; MB is 10^6. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`
}

/** A wall time as ISO 8601, UTC; as the number where no calendar goes so far. */
export function timeText(epochMs: number): string {
  return Math.abs(epochMs) <= 8.64e15 ? isoTime(epochMs) : String(epochMs)
}

// Control characters, and those that turn the direction of text around.
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

/** The text with characters that steer a terminal as \uXXXX. */
export function safeText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** The text, cut to `width` characters. */
export function cutText(text: string, width: number): string {
  const characters = Array.from(text)
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`
}

/** The text in bold, where colour is wanted. */
export function bold(text: string, colour: boolean): string {
  return colour ? `\u001b[1m${text}\u001b[22m` : text
}

/** Lines with columns below one another; the last column is not padded. */
export function columns(
  rows: readonly (readonly string[])[],
  widths: readonly number[],
): readonly string[] {
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

/** The width of each column. */
export function widthsOf(rows: readonly (readonly string[])[]): readonly number[] {
  const most = Math.max(0, ...rows.map((row) => row.length))
  return Array.from({ length: most }, (_, index) =>
    rows.reduce((widest, row) => Math.max(widest, Array.from(row[index] ?? '').length), 0),
  )
}
