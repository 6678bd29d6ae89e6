/** A plot as SVG: frame, axes and whatever is drawn between them. */
import { scaleLinear, type ScaleLinear } from 'd3-scale'
import { line } from 'd3-shape'
import type { Point } from './curves'
import { markup, noMarkup, type Markup } from './markup'

export type Scale = ScaleLinear<number, number>

export interface Tick {
  readonly at: number
  readonly label: string
}

export interface Axis {
  readonly label: string
  readonly domain: readonly [number, number]
  readonly ticks: readonly Tick[]
}

export interface PlotArea {
  readonly x: Scale
  readonly y: Scale
}

export interface Plot {
  /** Of the page's only element with this id. */
  readonly id: string
  readonly title: string
  /** What is to be seen, for those who do not see it. */
  readonly description: string
  readonly size: PlotSize
  readonly xAxis: Axis
  readonly yAxis: Axis
  readonly draw: (area: PlotArea) => Markup
}

/** Pixels at a width of the page at which the plot is not scaled. */
export interface PlotSize {
  readonly width: number
  readonly height: number
  readonly left: number
}

const margin = { top: 10, right: 12, bottom: 40 }

export function plotMarkup(plot: Plot): Markup {
  const { id, title, description, xAxis, yAxis } = plot
  const { width, height, left } = plot.size
  const [right, bottom] = [width - margin.right, height - margin.bottom]
  const x = scaleLinear()
    .domain([...xAxis.domain])
    .range([left, right])
  const y = scaleLinear()
    .domain([...yAxis.domain])
    .range([bottom, margin.top])
  const middle = (margin.top + bottom) / 2
  return markup`<svg
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-labelledby="${id}-title ${id}-description"
  >
    <title id="${id}-title">${title}</title>
    <desc id="${id}-description">${description}</desc>
    <clipPath id="${id}-clip">
      <rect x="${left}" y="${margin.top}" width="${right - left}" height="${bottom - margin.top}" />
    </clipPath>
    <g class="grid">
      ${xAxis.ticks.map(({ at }) => markup`<path d="M${pixels(x(at))},${margin.top}V${bottom}" />`)}${yAxis.ticks.map(({ at }) => markup`<path d="M${left},${pixels(y(at))}H${right}" />`)}
    </g>
    <g class="ticks">
      ${xAxis.ticks.map(({ at, label }) => markup`<text x="${pixels(x(at))}" y="${bottom + 14}" text-anchor="middle">${label}</text>`)}${yAxis.ticks.map(({ at, label }) => markup`<text x="${left - 5}" y="${pixels(y(at) + 4)}" text-anchor="end">${label}</text>`)}
    </g>
    <text class="axis" x="${(left + right) / 2}" y="${height - 6}" text-anchor="middle">${xAxis.label}</text>
    ${yAxis.label === '' ? noMarkup : markup`<text class="axis" transform="translate(11,${middle}) rotate(-90)" text-anchor="middle">${yAxis.label}</text>`}
    <g clip-path="url(#${id}-clip)">${plot.draw({ x, y })}</g>
    <rect
      class="frame"
      x="${left}"
      y="${margin.top}"
      width="${right - left}"
      height="${bottom - margin.top}"
    />
  </svg>`
}

/** Round steps inside a domain. */
export function linearTicks(
  [low, high]: readonly [number, number],
  count: number,
  label?: (value: number) => string,
): Tick[] {
  const scale = scaleLinear().domain([low, high])
  const written = label ?? scale.tickFormat(count)
  return scale.ticks(count).map(at => ({ at, label: written(at) }))
}

/** A tenth of a pixel is less than anybody sees. */
export const pixels = (value: number): number => Math.round(value * 10) / 10

/** The `d` of a path through points in pixels. */
export function pathThrough(points: readonly Point[]): string {
  return line().digits(1)(points.map(([x, y]): [number, number] => [x, y])) ?? ''
}

const colourCount = 6

/** Colour and dashes of a system: no two of the first 24 have both in common. */
export function systemClass(index: number): string {
  return `s${index % colourCount} d${Math.floor(index / colourCount + (index % colourCount)) % 4}`
}
