# The two commands of the README, and the checks. On Windows: `py scripts\setup.py demo`, `py scripts\setup.py test`.
PYTHON ?= python3
ARGS ?=

.PHONY: demo test check prove

demo: ## Start a registry, a node and the desktop on this machine; ARGS=--headless for no window.
	@$(PYTHON) scripts/setup.py demo $(ARGS)

test: ## Set up and run the whole test suite; ARGS="-m 'not slow'" for the quick part.
	@$(PYTHON) scripts/setup.py test $(ARGS)

prove: ## The long way of docs/design/proofs.md: kills, power cuts, models and fuzz. ARGS="-k kills" for some.
	@ARTRATOR_PROOFS=long $(PYTHON) scripts/setup.py test tests/proofs tests/registry/test_ledger_model.py \
		tests/registry/test_orders_model.py tests/registry/test_market_model.py \
		tests/registry/test_audit_damage.py -m "" -s $(ARGS)

check: ## Formatting, lint, types and layers.
	@$(PYTHON) scripts/setup.py run ruff format --check
	@$(PYTHON) scripts/setup.py run ruff check
	@$(PYTHON) scripts/setup.py run mypy
	@$(PYTHON) scripts/setup.py run lint-imports
