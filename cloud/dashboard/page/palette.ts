// The colours of the lines: one fixed set for both themes, each at least 3:1 against the card of
// either (WCAG 2.2, 1.4.11), neighbours apart in hue and in lightness. Past the end the colours
// come again, dashed.

/** The colours in the order of use. */
export const PALETTE = [
  '#2f7de1',
  '#e0622a',
  '#12966f',
  '#a866dd',
  '#b8860b',
  '#d9508f',
  '#1695b0',
  '#76879a',
] as const

/** The backgrounds that lines are drawn on, as in style.css. */
export const CARDS = { light: '#ffffff', dark: '#17201c' } as const

/** The colour of the line at `index` of a chart. */
export function colourOf(index: number): string {
  return PALETTE[index % PALETTE.length] ?? PALETTE[0]
}

/** The dashes of the line at `index`: none in the first round of the palette. */
export function dashOf(index: number): number[] {
  const round = Math.floor(index / PALETTE.length)
  return round === 0 ? [] : [6 / round, 4]
}
