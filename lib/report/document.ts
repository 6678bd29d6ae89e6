/** One HTML file without scripts and without anything to fetch. */
import { markup, Markup } from './markup'
import { style } from './style'

export interface Section {
  readonly id: string
  readonly title: string
  readonly content: Markup
}

export interface PageContent {
  readonly title: string
  /** The sentence below the title. */
  readonly intro: string
  readonly sections: readonly Section[]
}

export function htmlDocument({ title, intro, sections }: PageContent): string {
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${new Markup(style)}
        </style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p>${intro}</p>
        </header>
        <nav aria-label="Contents">
          <ul>
            ${sections.map(({ id, title: name }) => markup`<li><a href="#${id}">${name}</a></li>`)}
          </ul>
        </nav>
        <main>
          ${sections.map(
            ({ id, title: name, content }) =>
              markup`<section id="${id}" aria-labelledby="${id}-heading">
                <h2 id="${id}-heading">${name}</h2>
                ${content}
              </section> `,
          )}
        </main>
      </body>
    </html> `
  return page.text
}
