// How a module that is loaded later offers what keys do: what listens is loaded with every page.
export const offer = (...action) => document.dispatchEvent(new CustomEvent("offer", { detail: action }));
export const offerIssue = (find) => document.dispatchEvent(new CustomEvent("offer-issue", { detail: find }));
