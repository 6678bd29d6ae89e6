import { markup, Markup, noMarkup } from './markup'

export interface Table {
  readonly caption: string
  readonly header: readonly string[]
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly (string | number)[])[]
}

/** A table in a box of its own that scrolls where the page is narrow, also by keyboard. */
export function tableMarkup({ caption, header, rows }: Table): Markup {
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${header.map(cell => markup`<th scope="col">${cell}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(rowMarkup)}
      </tbody>
    </table>
  </div>`
}

/** The numbers behind a plot, shown on request. */
export function tableBehind(table: Table): Markup {
  return markup`<details>
    <summary>Table: ${table.caption}</summary>
    ${tableMarkup(table)}
  </details>`
}

function rowMarkup([name, ...cells]: readonly (string | number)[]): Markup {
  const first = name === undefined ? noMarkup : markup`<th scope="row">${name}</th>`
  return markup`<tr>
    ${first}${cells.map(cell => markup`<td>${cell}</td>`)}
  </tr> `
}
