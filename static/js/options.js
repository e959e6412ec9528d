// What the palette shows: options under their headings, and what words would change.
const made = (tag, css, text) => {
  const element = document.createElement(tag);
  if (css) element.className = css;
  if (text !== undefined) element.textContent = text;
  return element;
};

export function group(heading, options) {
  const element = made("div");
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", heading);
  const shown = made("div", "palette-heading", heading);
  shown.setAttribute("aria-hidden", "true");
  element.append(shown, ...options);
  return element;
}

// `icon` is the server's own drawing; all that people wrote is text.
export function option({ name, said, icon, caps }, id) {
  const element = made("div", "palette-option");
  element.id = id;
  element.setAttribute("role", "option");
  element.setAttribute("aria-selected", "false");
  if (icon) element.insertAdjacentHTML("beforeend", icon);
  element.append(made("span", "palette-name", name));
  if (said) element.append(" ", made("span", "palette-said", said));
  if (caps) {
    const shown = caps.cloneNode(true);
    shown.setAttribute("aria-hidden", "true");
    element.append(shown);
  }
  return element;
}

export function preview({ preview: place }, { key, title, changes = [], problems = [], note }) {
  place.replaceChildren();
  if (key) {
    const heading = made("h3");
    heading.append(made("b", "nowrap", key), made("span", "", title ?? ""));
    place.append(heading);
  }
  if (changes.length) {
    const list = made("dl");
    for (const { label, before, after } of changes) {
      const row = made("div", "palette-change");
      const value = made("dd");
      value.append(made("s", "", before), " → ", made("ins", "", after));
      row.append(made("dt", "", label), value);
      list.append(row);
    }
    place.append(list);
  }
  for (const problem of problems) place.append(made("p", "palette-problem", problem.message));
  if (note) place.append(made("p", "palette-note", note));
  place.hidden = false;
}
