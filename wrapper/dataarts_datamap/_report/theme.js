const element = (id) => document.getElementById(id);
element("theme").addEventListener("change", (event) => {
  document.documentElement.dataset.theme = event.target.value;
});
