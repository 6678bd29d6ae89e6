import { expect } from 'chai'
import { markup } from '../../lib/report/markup'

describe('report: markup', () => {
  it('keeps what is put into it as text, whatever it holds', () => {
    const { text } = markup`<p title="${'" onclick="x'}">${'<script>alert(1)</script>&'}</p>`
    expect(text).to.equal('<p title="&quot; onclick=&quot;x">&lt;script&gt;alert(1)&lt;/script&gt;&amp;</p>')
  })

  it('takes markup as markup, one or several', () => {
    const items = ['a<', 'b'].map(item => markup`<li>${item}</li>`)
    expect(markup`<ul>${items}</ul>${markup`<hr>`}${3}`.text).to.equal(
      '<ul><li>a&lt;</li><li>b</li></ul><hr>3',
    )
  })

  it('shows control characters and those of writing direction instead of obeying them', () => {
    expect(markup`${'a\u0000b\u202ec\ud800'}`.text).to.equal('a\\u0000b\\u202ec\\ud800')
    expect(markup`${'größe 声音 😀'}`.text).to.equal('größe 声音 😀')
  })
})
