'use strict';
// The list is in the page already; this hides rows, draws a histogram, and keeps what is chosen in the address:
// #filter=wrong&family=grad&q=fc1&t=12
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const form = document.getElementById('filters');
  const rows = [...document.querySelectorAll('#list tbody tr')];
  const svgName = 'http://www.w3.org/2000/svg';
  let chosen = data.first;

  const read = () => {
    const text = location.hash.slice(1);
    const state = new URLSearchParams(/^t\d+$/.test(text) ? 't=' + text.slice(1) : text);
    const keep = (name) => {
      const value = state.get(name);
      const field = form.elements[name];
      if (value !== null && (!field.options || [...field.options].some((o) => o.value === value))) {
        field.value = value;
      }
    };
    ['filter', 'family', 'q'].forEach(keep);
    const t = Number(state.get('t') ?? NaN);
    chosen = Number.isInteger(t) && t >= 0 && t < rows.length ? t : chosen;
  };

  const write = () => {
    const state = new URLSearchParams();
    for (const name of ['filter', 'family', 'q']) {
      if (form.elements[name].value) {
        state.set(name, form.elements[name].value);
      }
    }
    state.set('t', chosen);
    history.replaceState(null, '', '#' + state);
  };

  const filter = () => {
    const { filter, family, q } = form.elements;
    const wanted = q.value.toLowerCase();
    let shown = 0;
    rows.forEach((row) => {
      const fits = (!filter.value || row.dataset.s === filter.value)
        && (!family.value || row.dataset.f === family.value)
        && (!wanted || row.cells[0].textContent.toLowerCase().includes(wanted));
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    document.getElementById('shown').textContent = `${shown} of ${rows.length} shown`;
  };

  const draw = (parent, name, attributes, text) => {
    const node = document.createElementNS(svgName, name);
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    if (text !== undefined) {
      node.textContent = text;
    }
    parent.append(node);
    return node;
  };

  const power = (decade) => decade === 0 ? '1' : decade === -1 ? '0.1' : decade === 1 ? '10' : `1e${decade}`;

  const histogram = () => {
    rows.forEach((row, i) => i === chosen ? row.setAttribute('aria-current', 'true') : row.removeAttribute('aria-current'));
    const place = document.getElementById('histogram');
    place.replaceChildren();
    const row = rows[chosen];
    if (!row) {
      return;
    }
    const title = document.createElement('p');
    const name = document.createElement('span');
    name.className = 'name';
    name.textContent = row.cells[0].textContent;
    title.append(name, ': ', row.cells[1].textContent);
    place.append(title);
    const said = document.createElement('p');
    place.append(said);
    const h = data.histograms[chosen];
    if (!h) {
      said.textContent = row.cells[5].textContent || 'Its elements were not compared.';
      return;
    }
    const [exact, notFinite, first, shift, counts] = h;
    const sum = counts.reduce((a, b) => a + b, 0);
    // positions in quarters of a decade of error over budget
    const from = first - 4 * shift;
    const over = counts.reduce((a, n, i) => a + (from + i >= 0 ? n : 0), 0);
    said.textContent = `${exact + notFinite + sum} elements: ${exact} exact, ${over} beyond the budget's share`
      + (notFinite ? `, ${notFinite} not finite` : '') + '.';
    if (!sum) {
      return;
    }
    const left = Math.min(-8, Math.floor(from / 4) * 4);
    const right = Math.max(4, Math.ceil((from + counts.length) / 4) * 4);
    const wide = 640, high = 170, base = 140;
    const x = (q) => 20 + (q - left) / (right - left) * (wide - 40);
    const tallest = Math.log1p(Math.max(...counts));
    const svg = draw(place, 'svg', { viewBox: `0 0 ${wide} ${high}`, role: 'img',
      'aria-label': 'How many elements have which error over budget. ' + said.textContent });
    counts.forEach((n, i) => {
      if (n) {
        const height = 120 * Math.log1p(n) / tallest;
        const bar = draw(svg, 'rect', { x: x(from + i), y: base - height, height,
          width: x(from + i + 1) - x(from + i) - 1, class: from + i >= 0 ? 'over' : 'under' });
        draw(bar, 'title', {}, `${n} elements from ${(10 ** ((from + i) / 4)).toPrecision(2)}`
          + ` to ${(10 ** ((from + i + 1) / 4)).toPrecision(2)}`);
      }
    });
    draw(svg, 'line', { x1: x(left), x2: x(right), y1: base, y2: base, class: 'axis' });
    const step = Math.ceil((right - left) / 4 / 12);
    for (let d = left / 4; d <= right / 4; d += 1) {
      if (d % step === 0) {
        draw(svg, 'line', { x1: x(4 * d), x2: x(4 * d), y1: base, y2: base + 5, class: 'axis' });
        draw(svg, 'text', { x: x(4 * d), y: base + 20, 'text-anchor': 'middle' }, power(d));
      }
    }
    draw(svg, 'line', { x1: x(0), x2: x(0), y1: 10, y2: base, class: 'limit' });
    draw(svg, 'text', { x: x(0) + 4, y: 14 }, 'budget');
    const how = document.createElement('p');
    how.className = 'soft';
    how.textContent = "Across: an element's error over what the budget leaves an element on average;"
      + ' up: how many elements, on a logarithmic scale.';
    place.append(how);
  };

  const choose = (i) => {
    chosen = i;
    write();
    histogram();
  };

  form.addEventListener('input', () => { filter(); write(); });
  form.addEventListener('submit', (e) => e.preventDefault());
  addEventListener('hashchange', () => { read(); filter(); histogram(); });
  document.addEventListener('click', (e) => {
    const link = e.target.closest('a[href^="#t"]');
    if (link) {
      e.preventDefault();
      choose(Number(link.getAttribute('href').slice(2)));
      document.getElementById('elements').scrollIntoView({ block: 'nearest' });
    }
  });
  form.hidden = false;
  read();
  filter();
  histogram();
})();
