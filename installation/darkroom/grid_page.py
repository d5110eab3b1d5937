"""The page of a grid: plain HTML, no server needed. ``%title%``, ``%how%``, ``%count%``, ``%head%`` and ``%body%`` are filled in."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>%title%</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark">
<style>
*{box-sizing:border-box}
body{margin:0;background:#0c0c0f;color:#f2f0ea;font:14px/1.4 system-ui,sans-serif}
header{padding:18px 20px 10px}
h1{font:500 24px/1.2 Georgia,serif;color:#e2b272;margin:0 0 4px}
header p{margin:0;color:#a5a29b;overflow-wrap:anywhere}
.scroll{overflow:auto;padding:6px 20px 30px;max-height:calc(100dvh - 92px)}
table{border-collapse:separate;border-spacing:3px}
th,td{padding:0;font-weight:400;vertical-align:top}
th span{display:block;color:#a5a29b;font-size:12px;padding:3px 2px 6px;max-width:var(--cell);overflow:hidden;text-overflow:ellipsis;
white-space:nowrap}
:root{--cell:clamp(84px,calc((100vw - 60px)/%count% - 4px),230px)}
button{padding:0;border:0;background:#1d1d23;border-radius:4px;overflow:hidden;cursor:zoom-in;display:block}
button img{display:block;width:var(--cell);height:var(--cell)}
button:focus-visible{outline:2px solid #ffdcab;outline-offset:1px}
thead th{position:sticky;top:0;background:#0c0c0f;z-index:2}
tbody th,thead td{position:sticky;left:0;background:#0c0c0f;z-index:1}
thead td{z-index:3;top:0}
dialog{border:1px solid #35353e;border-radius:12px;background:#141418;color:inherit;padding:16px;width:min(560px,calc(100vw - 24px));
max-height:calc(100dvh - 24px)}
dialog::backdrop{background:#000b}
dialog img{width:100%;max-height:62dvh;object-fit:contain;border-radius:6px;display:block}
dialog p{margin:10px 0 0;color:#a5a29b}
dialog h2{font-size:16px;font-weight:600;margin:12px 0 0}
nav{display:flex;gap:10px;flex-wrap:wrap;margin-top:14px}
nav a,nav button{padding:10px 16px;min-height:44px;border-radius:8px;background:#1d1d23;color:#f2f0ea;text-decoration:none;cursor:pointer;
font:inherit}
nav a.first{background:#e2b272;color:#14100a}
code{color:#ffdcab;overflow-wrap:anywhere}
</style>
</head>
<body>
<header><h1>%title%</h1><p>%how%</p></header>
<div class="scroll">
<table><thead><tr><td></td>%head%</tr></thead>
<tbody>
%body%
</tbody></table>
</div>
<dialog aria-labelledby="label"><img alt=""><h2 id="label"></h2>
<p>Its code is a file that <code>grid</code>, <code>film</code> and <code>invert</code> read. To take a face into a running mirror, put
this folder into <code>grids/</code> beside the show and open <code>/panel/grids</code> there.</p>
<nav><a class="first" download>Code</a><a class="picture" download>Picture</a><button type="button">Close</button></nav></dialog>
<script>
const box = document.querySelector("dialog");
document.querySelector(".scroll").addEventListener("click", event => {
  const face = event.target.closest("button");
  if (!face) return;
  const file = face.dataset.file;
  box.querySelector("img").src = file + ".jpg";
  box.querySelector("img").alt = box.querySelector("h2").textContent = face.dataset.label;
  box.querySelector("a.first").href = file + ".npz";
  box.querySelector("a.picture").href = file + ".jpg";
  box.showModal();
});
box.addEventListener("click", event => { if (event.target === box || event.target.closest("button")) box.close(); });
</script>
</body>
</html>
"""
