// Whether a key belongs to an input method. Safari ends the composition before it tells of the Enter that confirms it.
export const composing = (event) => event.isComposing || event.keyCode === 229;
