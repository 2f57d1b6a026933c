"use strict";
(() => {
  const keyOf = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.key === undefined ? cell.textContent.trim() : Number(cell.dataset.key);
  };
  const isMissing = (key) => key === "-" || key === "";
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === "number") return -1;
    if (typeof b === "number") return 1;
    return a.localeCompare(b);
  };
  for (const table of document.querySelectorAll("table")) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    if (rows.length < 2) continue;
    heads.forEach((head, column) => {
      if (head.textContent === "") return;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const next = { ascending: "none", descending: "ascending" }[head.getAttribute("aria-sort")] || "descending";
        for (const other of heads) other.removeAttribute("aria-sort");
        let sorted = rows;
        if (next !== "none") {
          head.setAttribute("aria-sort", next);
          const sign = next === "ascending" ? 1 : -1;
          sorted = [...rows].sort((one, other) => {
            const [a, b] = [keyOf(one, column), keyOf(other, column)];
            if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b);
            return sign * compare(a, b);
          });
        }
        for (const row of rows) row.classList.toggle("rule", next === "none" && row.dataset.rule === "1");
        body.append(...sorted);
      });
    });
    for (const row of rows) row.dataset.rule = row.classList.contains("rule") ? "1" : "0";
  }
  for (const slides of document.querySelectorAll(".slides")) {
    const slider = slides.querySelector("input");
    const output = slides.querySelector("output");
    const levels = [...slides.querySelectorAll(".level")];
    const show = () => {
      const chosen = levels[Number(slider.value)];
      for (const level of levels) level.hidden = level !== chosen;
      output.textContent = chosen.dataset.name;
      slider.setAttribute("aria-valuetext", chosen.dataset.name);
    };
    slides.classList.add("is-live");
    slider.parentElement.hidden = false;
    slider.addEventListener("input", show);
    show();
  }
})();
