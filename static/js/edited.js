// Whether somebody has written or chosen something in a field that the page did not come with.
export function isEdited(field) {
  if (field.type === "hidden") return false;
  if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
  if (field.matches("select")) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((one) => one.defaultSelected));
  return field.value !== field.defaultValue;
}
