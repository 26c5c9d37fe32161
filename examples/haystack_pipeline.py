"""A Haystack pipeline over your articles: it goes on to a prompt only where the articles contain the answer."""

from haystack import Pipeline
from haystack.components.builders import PromptBuilder
from haystack.components.routers import ConditionalRouter

from qa import Config, Engine
from qa.adapters.haystack import ArticlesRetriever

PROMPT = """Answer from these passages only.
{% for document in documents %}[{{ loop.index }}] {{ document.content }} ({{ document.meta.document }})
{% endfor %}Question: {{ question }}"""
ROUTES = [
    {"condition": "{{ refusal == '' }}", "output": "{{ documents }}", "output_name": "documents", "output_type": list},
    {"condition": "{{ True }}", "output": "{{ refusal }}", "output_name": "refusal", "output_type": str},
]

with Engine.open(Config()) as engine:
    pipeline = Pipeline()
    pipeline.add_component("articles", ArticlesRetriever(engine, top_k=3))
    pipeline.add_component("router", ConditionalRouter(ROUTES, unsafe=True))
    pipeline.add_component("prompt", PromptBuilder(PROMPT, required_variables="*"))
    pipeline.connect("articles.documents", "router.documents")
    pipeline.connect("articles.refusal", "router.refusal")
    pipeline.connect("router.documents", "prompt.documents")

    for question in ("Which forums do India and Russia cooperate through?", "Who won the World Cup in 2018?"):
        given = pipeline.run({"articles": {"query": question}, "prompt": {"question": question}})
        print(given["prompt"]["prompt"] if "prompt" in given else given["router"]["refusal"])
