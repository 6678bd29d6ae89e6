import { html, Markup, noMarkup } from './html'

export interface Table {
  readonly caption: string
  readonly header: readonly string[]
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly (string | number)[])[]
}

/** A table in a box of its own that scrolls where the page is narrow, also by keyboard. */
export function tableMarkup({ caption, header, rows }: Table): Markup {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${header.map(cell => html`<th scope="col">${cell}</th>`)}
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
  return html`<details>
    <summary>Table: ${table.caption}</summary>
    ${tableMarkup(table)}
  </details>`
}

function rowMarkup([name, ...cells]: readonly (string | number)[]): Markup {
  const first = name === undefined ? noMarkup : html`<th scope="row">${name}</th>`
  return html`<tr>
    ${first}${cells.map(cell => html`<td>${cell}</td>`)}
  </tr> `
}
