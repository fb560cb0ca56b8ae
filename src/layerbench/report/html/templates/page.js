"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const make = (name, text) => Object.assign(document.createElement(name), text === undefined ? {} : { textContent: text });

  // Theme: as the system says, light, dark. Storage may be forbidden where the page is opened from disk.
  const themes = ["", "light", "dark"];
  const themeWords = { "": "as the system", light: "light", dark: "dark" };
  const store = (value) => {
    try {
      if (value === undefined) return localStorage.getItem("layerbench-theme") || "";
      localStorage.setItem("layerbench-theme", value);
    } catch { /* it stays as long as the page is open */ }
    return "";
  };
  const setTheme = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    $("theme").textContent = `Theme: ${themeWords[theme]}`;
  };
  let theme = themes.includes(store()) ? store() : "";
  setTheme(theme);
  $("theme").hidden = false;
  $("theme").addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    setTheme(theme);
    store(theme);
  });

  // Sorting: a click sorts up, the next one down, the third restores the order of the bench file.
  const valueOf = (row, column, kind) => {
    const cell = row.cells[column];
    const raw = cell.dataset.v;
    if (kind === "number") {
      const text = raw === undefined ? cell.textContent : raw;
      return text.trim() === "" ? null : Number(text);
    }
    return raw === undefined ? cell.textContent.trim() : Number(raw);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    const original = [...body.rows];
    for (const head of table.tHead.querySelectorAll("th[data-sort]")) {
      const button = make("button", head.textContent);
      button.type = "button";
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
        if (before === "descending") {
          body.append(...original);
          return;
        }
        const sign = before === "ascending" ? -1 : 1;
        head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
        const keyed = original.map((row) => [valueOf(row, head.cellIndex, head.dataset.sort), row]);
        keyed.sort(([a], [b]) => {
          if (a === null || b === null) return (a === null) - (b === null);
          return sign * (typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true }));
        });
        body.append(...keyed.map(([, row]) => row));
      });
    }
  }

  // Rows by a part of their names.
  const filter = $("filter");
  if (filter) {
    filter.closest(".tools").hidden = false;
    const rows = [...$("figures-table").tBodies[0].rows];
    filter.addEventListener("input", () => {
      const wanted = filter.value.trim().toLowerCase().split(/\s+/);
      let shown = 0;
      for (const row of rows) {
        const text = `${row.cells[0].textContent} ${row.cells[1].textContent}`.toLowerCase();
        row.hidden = !wanted.every((word) => text.includes(word));
        shown += !row.hidden;
      }
      $("filtered").textContent = filter.value ? `${shown} of ${rows.length} rows` : "";
    });
  }

  // Hover.
  const tip = $("tip");
  const place = (event) => {
    const box = tip.getBoundingClientRect();
    const left = Math.max(6, Math.min(event.clientX + 14, innerWidth - box.width - 6));
    const below = event.clientY + 18;
    const top = below + box.height > innerHeight ? Math.max(6, event.clientY - box.height - 12) : below;
    tip.style.transform = `translate(${left}px, ${top}px)`;
  };
  const hideTip = () => { tip.hidden = true; };
  document.addEventListener("pointerover", (event) => {
    const holder = event.target.closest ? event.target.closest("[data-tip]") : null;
    if (!holder) return hideTip();
    tip.textContent = holder.getAttribute("data-tip");
    tip.hidden = false;
    place(event);
  });
  document.addEventListener("pointermove", (event) => { if (!tip.hidden) place(event); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
  document.addEventListener("scroll", hideTip, { passive: true });

  // What is looked at one at a time is kept compressed.
  const unpack = (id) => {
    let pieces, content = null;
    return async (key) => {
      if (content === null) {
        const bytes = Uint8Array.from(atob($(id).textContent.trim()), (one) => one.charCodeAt(0));
        const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
        [pieces, content] = JSON.parse(await new Response(stream).text());
      }
      return (content[key] || []).map((part) => typeof part === "number" ? pieces[part] : part).join("");
    };
  };
  const canUnpack = "DecompressionStream" in window;
  const timelineOf = unpack("timeline-store");
  const imageOf = unpack("image-store");

  // Two timelines have one scale.
  const timelines = $("timelines");
  const scale = () => {
    const figures = [...timelines.querySelectorAll(".tl")];
    const longest = Math.max(...figures.map((one) => Number(one.dataset.seconds)));
    for (const figure of figures) {
      const share = longest > 0 ? Number(figure.dataset.seconds) / longest : 1;
      figure.querySelector(".chart").setAttribute("width", `${Math.max(share * 100, 0.5)}%`);
      figure.classList.toggle("short", share < 0.5);
    }
    const first = timelines.querySelector(".plot");
    if (first) timelines.style.setProperty("--first", `${first.getBoundingClientRect().top - timelines.getBoundingClientRect().top}px`);
  };
  const setOverlay = () => {
    const isOver = $("overlay").checked && timelines.children.length === 2;
    timelines.classList.toggle("over", isOver);
    scale();
  };

  const pick = $("pick");
  if (pick && canUnpack) {
    const index = JSON.parse($("build-index").textContent);
    const selects = {};
    const fill = (select, options, chosen) => {
      select.replaceChildren(...options.map(([value, text]) => {
        const option = make("option", text);
        option.value = value;
        return option;
      }));
      if (chosen !== undefined && options.some(([value]) => value === chosen)) select.value = chosen;
    };
    const scenariosOf = (side) => (index.find(([name]) => name === selects[side].variant.value) || [0, []])[1];
    const roundsOf = (side) => {
      const [, anchor, rounds] = scenariosOf(side).find(([name]) => name === selects[side].scenario.value) || [0, "", []];
      return rounds.map(([round, text]) => [`${anchor}-${round}`, `round ${round}: ${text}`]);
    };
    const refill = (side, from) => {
      const chosen = selects[side];
      if (from === "variant") {
        fill(chosen.scenario, scenariosOf(side).map(([name]) => [name, name]), chosen.scenario.value);
      }
      if (from !== "round") fill(chosen.round, roundsOf(side));
      const isNone = chosen.variant.value === "";
      chosen.scenario.hidden = chosen.round.hidden = isNone;
    };
    const show = async () => {
      const keys = ["a", "b"].map((side) => selects[side].round.value).filter((key) => key);
      const boxes = await Promise.all(keys.map(async (key) => {
        const box = make("div");
        box.dataset.key = key;
        box.innerHTML = await timelineOf(key);
        return box;
      }));
      timelines.replaceChildren(...boxes);
      setOverlay();
    };
    for (const side of ["a", "b"]) {
      const holder = pick.querySelector(`[data-side=${side}]`);
      selects[side] = {};
      for (const part of ["variant", "scenario", "round"]) {
        const select = make("select");
        select.setAttribute("aria-label", `${side === "a" ? "Build" : "Beside it"}: ${part}`);
        select.addEventListener("change", () => { refill(side, part); show(); });
        selects[side][part] = select;
        holder.append(select);
      }
      const variants = index.map(([name]) => [name, name]);
      fill(selects[side].variant, side === "a" ? variants : [["", "nothing"], ...variants]);
      refill(side, "variant");
    }
    const choose = (side, key) => {
      for (const [variant, scenarios] of index) {
        for (const [scenario, anchor, rounds, median] of scenarios) {
          const found = rounds.find(([round]) => key === anchor ? round === median : key === `${anchor}-${round}`);
          if (!found) continue;
          selects[side].variant.value = variant;
          refill(side, "variant");
          selects[side].scenario.value = scenario;
          refill(side, "scenario");
          selects[side].round.value = `${anchor}-${found[0]}`;
          return true;
        }
      }
      return false;
    };
    [...timelines.children].forEach((box, at) => choose(at ? "b" : "a", box.dataset.key));
    pick.hidden = false;
    $("overlay").addEventListener("change", setOverlay);
    addEventListener("resize", scale);
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-build]");
      if (!link || !choose("a", link.dataset.build)) return;
      event.preventDefault();
      show();
      const section = $("timeline");
      section.scrollIntoView();
      section.tabIndex = -1;
      section.focus({ preventScroll: true });
    });
  }
  if (timelines && timelines.children.length) scale();

  // Images.
  const choice = $("image-choice");
  if (choice) {
    const tools = $("image-tools");
    const setWaste = () => {
      const has = $("images").querySelector(".has-waste") !== null;
      for (const one of document.querySelectorAll(".waste-only")) one.hidden = !has;
      $("images").classList.toggle("by-waste", has && $("by-waste").checked);
    };
    tools.hidden = false;
    choice.disabled = !canUnpack;
    const first = choice.value, firstMarkup = $("images").innerHTML;
    choice.addEventListener("change", async () => {
      $("images").innerHTML = choice.value === first ? firstMarkup : await imageOf(choice.value);
      setWaste();
    });
    $("by-waste").addEventListener("change", setWaste);
    setWaste();
  }

  // A link into a folded table opens it; paper has nothing to unfold.
  const reveal = () => {
    const target = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of opened) one.open = false; });
})();
