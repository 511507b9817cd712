"""The quality figures by Spark, for whoever has more than one machine: the same record files, the same counts.

Needs the extra ``spark`` (pyspark) and Java. ``rows`` runs on the executors and stands on ``xinqiao.domain`` alone;
``tally`` is the job; ``segments`` reads the lake's own files; ``standalone`` starts a cluster on this machine.
"""
