// How much each view in the side bar finds; the page does not wait for it.
export async function start(list) {
  let counts;
  try {
    counts = (await (await fetch(list.dataset.address)).json()).counts;
  } catch {
    return;
  }
  for (const place of list.querySelectorAll("[data-view]")) place.textContent = counts[place.dataset.view] ?? "";
}
