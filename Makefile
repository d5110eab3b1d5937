# Facets. ARGS goes to the program: make run ARGS="--source 0 --windowed", make test ARGS="-k glide". Two files of tests run beside one
# another: many of them wait for a show, a browser or a socket. One after another, as a debugger needs it: make test ARGS="-n 0 --pdb"
.PHONY: run setup setup-browser test lint demo clean

run: setup
	@scripts/mirror $(ARGS)

setup:
	@scripts/setup

setup-browser:
	@scripts/setup-browser

test:
	@scripts/setup dev
	@scripts/run -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint:
	@scripts/setup dev
	@.venv/bin/ruff check .
	@.venv/bin/mypy installation $(wildcard run_installation.py)

demo: setup
	@scripts/run -m installation demo $(ARGS)

clean:
	rm -rf .venv out .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
