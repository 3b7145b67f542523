'use strict';
(() => {
  const MIB = 1048576;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const mib = (bytes) => (bytes / MIB).toFixed(2);

  // Legend toggles: one click hides an allocator in all curves of the page.
  const hidden = new Set();
  document.querySelectorAll('.curves .legend').forEach((entry) => {
    entry.addEventListener('click', () => {
      const name = entry.dataset.allocator;
      if (!hidden.delete(name)) hidden.add(name);
      document.querySelectorAll('.curves [data-allocator]').forEach((part) => {
        part.classList.toggle('off', hidden.has(part.dataset.allocator));
      });
    });
  });

  // Hovering: the values of all shown curves at the nearest point of the work done.
  const curves = read('data-curves');
  const nearest = (points, work) => {
    let low = 0, high = points.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (points[middle][0] < work) low = middle + 1; else high = middle;
    }
    return points[low];
  };
  document.querySelectorAll('.chart').forEach((chart) => {
    const svg = chart.querySelector('svg'), plot = chart.querySelector('.plot');
    const tip = chart.querySelector('.tip');
    const of = (key) => Number(plot.dataset[key]);
    const cross = document.createElementNS('http://www.w3.org/2000/svg', 'line');
    cross.setAttribute('stroke', '#99a');
    cross.setAttribute('y1', of('top'));
    cross.setAttribute('y2', of('top') + of('height'));
    cross.setAttribute('visibility', 'hidden');
    svg.appendChild(cross);
    svg.addEventListener('mousemove', (event) => {
      const box = svg.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
      const work = (x - of('left')) / of('width') * of('xmax');
      const inside = work >= 0 && work <= of('xmax');
      tip.hidden = !inside;
      cross.setAttribute('visibility', inside ? 'visible' : 'hidden');
      if (!inside) return;
      cross.setAttribute('x1', x);
      cross.setAttribute('x2', x);
      const rows = [];
      let live = null;
      for (const [name, points] of Object.entries(curves[plot.dataset.workload])) {
        if (hidden.has(name) || points.length === 0) continue;
        const point = nearest(points, work);
        live = live === null ? point[1] : live;
        rows.push([point[2], name + '  ' + mib(point[2]) + ' MiB']);
      }
      rows.sort((a, b) => b[0] - a[0]);
      tip.textContent = (work / of('worth')).toFixed(2) + ' ' + plot.dataset.unit +
        (live > 0 ? ', live ' + mib(live) + ' MiB' : '') + '\n' +
        rows.map((row) => row[1]).join('\n');
      tip.style.left = (event.clientX - box.left + 14) + 'px';
      tip.style.top = (event.clientY - box.top + 14) + 'px';
    });
    svg.addEventListener('mouseleave', () => {
      tip.hidden = true;
      cross.setAttribute('visibility', 'hidden');
    });
  });

  document.querySelectorAll('button[data-csv]').forEach((button) => {
    button.addEventListener('click', () => {
      const text = document.getElementById('csv-' + button.dataset.csv).textContent;
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([text], {type: 'text/csv'}));
      link.download = button.dataset.csv + '.csv';
      link.click();
      URL.revokeObjectURL(link.href);
    });
  });

  // Heap maps. A frame's cells become a Map from address to glyph; the axis of an allocator is the
  // sorted union over all its frames, so a stretch keeps its place while the time moves on.
  const lines = read('data-maps').filter((line) => line !== null);
  const section = document.getElementById('maps');
  if (lines.length === 0) {
    section.hidden = true;
    document.body.dataset.ready = 'true';
    return;
  }
  const nameOf = (line) => line.allocator || 'this process';
  const workOf = (line) => line.workload || 'workload';
  const decode = (line) => {
    const cells = new Map();
    for (const [start, text] of line.segments) {
      let at = parseInt(start, 16);
      for (const run of text.split(',')) {
        const count = run.length > 1 ? Number(run.slice(2)) : 1;
        for (let i = 0; i < count; i++, at += line.cell) cells.set(at, run[0]);
      }
    }
    return cells;
  };
  const films = new Map();
  for (const line of lines) {
    const key = workOf(line) + '\n' + nameOf(line);
    if (!films.has(key)) films.set(key, []);
    films.get(key).push(line);
  }
  const decoded = new Map();
  const film = (workload, allocator) => {
    const key = workload + '\n' + allocator;
    if (!films.has(key)) return null;
    if (!decoded.has(key)) {
      const frames = films.get(key).map((line) => ({line, cells: decode(line)}));
      const union = new Set();
      frames.forEach((frame) => frame.cells.forEach((_, at) => union.add(at)));
      decoded.set(key, {frames, axis: [...union].sort((a, b) => a - b)});
    }
    return decoded.get(key);
  };
  const colour = (glyph) => {
    if (glyph === undefined) return '#dfe4ea';
    if (glyph === 'e') return '#c0504d';
    const tenths = Number(glyph);
    if (tenths >= 7) return tenths >= 9 ? '#2e7d4f' : '#4f9a6c';
    return ['#fbe3b8', '#f7d595', '#f3c771', '#eeb958', '#e8a33d', '#d99028', '#c27d18'][tenths];
  };
  // In the order of the tables, where they have the name.
  const inOrder = (names, order) =>
    [...order.filter((name) => names.has(name)), ...[...names].filter((n) => !order.includes(n))];
  const workloads = inOrder(new Set(lines.map(workOf)), Object.keys(curves))
    .filter((name) => name !== 'empty');
  const pick = document.getElementById('map-workload');
  const time = document.getElementById('map-time');
  const label = document.getElementById('map-label');
  const sides = [...document.querySelectorAll('#maps figure')];
  const allocators = inOrder(new Set(lines.map(nameOf)), Object.keys(Object.values(curves)[0]));
  const fill = (select, names, chosen) => {
    for (const name of names) select.add(new Option(name, name));
    select.selectedIndex = Math.min(chosen, names.length - 1);
  };
  fill(pick, workloads, 0);
  sides.forEach((side, index) => fill(side.querySelector('select'), allocators, index));

  const COLUMNS = 104, CELL = 5;
  const draw = (side) => {
    const canvas = side.querySelector('canvas'), caption = side.querySelector('figcaption');
    const shown = film(pick.value, side.querySelector('select').value);
    const pen = canvas.getContext('2d');
    if (shown === null) {
      pen.clearRect(0, 0, canvas.width, canvas.height);
      caption.textContent = 'no heap map of this cell';
      return;
    }
    const frame = shown.frames[Math.min(Number(time.value), shown.frames.length - 1)];
    const rows = Math.max(1, Math.ceil(shown.axis.length / COLUMNS));
    canvas.height = rows * CELL;
    pen.fillStyle = '#fff';
    pen.fillRect(0, 0, canvas.width, canvas.height);
    const sums = {dense: 0, pinned: 0, empty: 0, returned: 0};
    shown.axis.forEach((at, index) => {
      const glyph = frame.cells.get(at);
      pen.fillStyle = colour(glyph);
      pen.fillRect(index % COLUMNS * CELL, Math.floor(index / COLUMNS) * CELL, CELL - 1, CELL - 1);
      const kind = glyph === undefined ? 'returned' : glyph === 'e' ? 'empty' :
        Number(glyph) >= 7 ? 'dense' : 'pinned';
      sums[kind] += frame.line.cell;
    });
    caption.textContent = 'cells of ' + frame.line.cell / 1024 + ' KiB; together ' +
      mib(sums.dense) + ' MiB live-dense, ' + mib(sums.pinned) + ' with some live bytes, ' +
      mib(sums.empty) + ' wholly empty, ' + mib(sums.returned) + ' returned';
    label.textContent = frame.line.label +
      (frame.line.phase === 'now' ? '' : ' ' + frame.line.phase) +
      (frame.line.settle_s > 0 ? ' +' + frame.line.settle_s + ' s' : '');
  };
  const drawAll = () => sides.slice().reverse().forEach(draw);
  // The fullest moment says most; begin there.
  const fullest = (shown) => shown.frames.reduce(
    (best, frame, i) => frame.cells.size >= shown.frames[best].cells.size ? i : best, 0);
  const restart = () => {
    const shown = film(pick.value, sides[0].querySelector('select').value);
    if (shown !== null) {
      time.max = shown.frames.length - 1;
      time.value = fullest(shown);
    }
    drawAll();
  };
  pick.addEventListener('change', restart);
  time.addEventListener('input', drawAll);
  sides.forEach((side) => side.querySelector('select').addEventListener('change', drawAll));
  restart();
  document.body.dataset.ready = 'true';
})();
