// How much the links in the side bar lead to; the page does not wait for it.
export async function start(sidebar) {
  // A phone has no side bar.
  if (!sidebar.checkVisibility()) return;
  let counts;
  try {
    counts = (await (await fetch(sidebar.dataset.address)).json()).counts;
  } catch {
    return;
  }
  for (const place of sidebar.querySelectorAll("[data-counted]")) place.textContent = counts[place.dataset.counted] ?? "";
}
