// Draws the charts of a page from its own tables: what is drawn is what is written below. Without this script, or
// without canvas, the tables are all there is to see.
(function () {
  "use strict";
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  var drawn = [];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function duration(seconds) {
    if (seconds <= 1) return "1 s au plus";
    if (seconds < 60) return Math.round(seconds) + " s";
    if (seconds < 3600) return Math.round(seconds / 60) + " min";
    if (seconds < 259200) return Math.round(seconds / 3600) + " h";
    return Math.round(seconds / 86400) + " j";
  }

  function percent(value) {
    return value.toLocaleString("fr-FR", { maximumFractionDigits: 1 }) + "\u202f%";
  }

  var kinds = {
    rates: {
      show: percent,
      factor: 100, least: 0,
      axis: function () {
        return { min: 0, max: 100, ticks: { callback: percent, color: colour("--soft") }, grid: { color: colour("--line") } };
      }
    },
    lags: {
      show: duration,
      factor: 1, least: 1, // a logarithmic axis has no zero
      axis: function () {
        return {
          type: "logarithmic", min: 1, grid: { color: colour("--line") },
          afterBuildTicks: function (axis) {
            axis.ticks = [1, 60, 600, 3600, 21600, 86400, 259200].filter(function (value) { return value <= axis.max; })
              .map(function (value) { return { value: value }; });
          },
          ticks: { callback: function (value) { return value === 1 ? "1 s" : duration(value); }, color: colour("--soft") }
        };
      }
    }
  };

  // One line per column that names a series; a cell without a value is a gap.
  function read(table, kind) {
    var rows = Array.prototype.slice.call(table.tBodies[0].rows);
    var heads = Array.prototype.slice.call(table.querySelectorAll("th[data-series]"));
    return {
      labels: rows.map(function (row) { return row.cells[0].getAttribute("data-label") || row.cells[0].textContent; }),
      datasets: heads.map(function (head, place) {
        var key = head.getAttribute("data-series");
        var ink = colour("--series" + (place + 1));
        return {
          label: head.getAttribute("data-name") || head.textContent, borderColor: ink, backgroundColor: ink, borderWidth: 2,
          borderDash: [[], [6, 3], [2, 2]][place], pointStyle: ["circle", "rect", "triangle"][place], pointRadius: 3.5, spanGaps: false, clip: 8,
          data: rows.map(function (row) {
            var cell = row.querySelector("td[data-of='" + key + "']");
            var value = cell && cell.getAttribute("data-value");
            return value ? Math.max(Number(value) * kind.factor, kind.least) : null;
          })
        };
      })
    };
  }

  function draw(figure) {
    var kind = kinds[figure.getAttribute("data-chart")];
    var table = document.getElementById(figure.getAttribute("data-table"));
    var canvas = figure.querySelector("canvas");
    if (!kind || !table || !canvas) return;
    figure.hidden = false;
    drawn.push(new window.Chart(canvas, {
      type: "line",
      data: read(table, kind),
      options: {
        responsive: true, maintainAspectRatio: false, animation: false,
        interaction: { mode: "index", intersect: false },
        scales: { x: { ticks: { color: colour("--soft"), maxRotation: 0, autoSkipPadding: 12 }, grid: { display: false } }, y: kind.axis() },
        plugins: {
          legend: { position: "bottom", labels: { color: colour("--ink"), usePointStyle: true, boxWidth: 8, boxHeight: 8, padding: 18 } },
          tooltip: { callbacks: { label: function (item) { return item.dataset.label + " : " + kind.show(item.parsed.y); } } }
        }
      }
    }));
  }

  function all() {
    drawn.forEach(function (chart) { chart.destroy(); });
    drawn = [];
    document.querySelectorAll("figure[data-chart]").forEach(draw);
  }

  if (!window.Chart) return;
  window.Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  window.Chart.defaults.font.size = 13;
  all();
  if (dark.addEventListener) dark.addEventListener("change", all);
}());
